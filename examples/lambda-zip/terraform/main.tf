terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.0"
    }
  }
}

variable "page_origin" {
  description = "Origin of the page that calls the API."
  default     = "https://shop.example"
}

variable "collector_endpoint" {
  description = "Where spans go; /v1/traces is appended."
  default     = "https://collector.example"
}

variable "collector_headers_secret" {
  description = "Name of the secret in Secrets Manager that holds the collector's headers, as name=value; empty for none."
  default     = ""
}

variable "architecture" {
  description = "arm64 or x86_64."
  default     = "arm64"
}

locals {
  environment = {
    NODE_OPTIONS                = "--require /opt/clickspan/preload.cjs"
    OTEL_EXPORTER_OTLP_ENDPOINT = var.collector_endpoint
    ORDERS_QUEUE_URL            = aws_sqs_queue.orders.url
    PAGE_ORIGIN                 = var.page_origin
  }
  collector_headers = {
    for version in data.aws_secretsmanager_secret_version.collector_headers :
    "OTEL_EXPORTER_OTLP_HEADERS" => version.secret_string
  }
}

# Its value is kept in Terraform's state, so keep that private.
data "aws_secretsmanager_secret_version" "collector_headers" {
  count     = var.collector_headers_secret == "" ? 0 : 1
  secret_id = var.collector_headers_secret
}

resource "aws_lambda_layer_version" "clickspan" {
  layer_name               = "clickspan"
  filename                 = "${path.module}/../layer.zip"
  source_code_hash         = filebase64sha256("${path.module}/../layer.zip")
  compatible_runtimes      = ["nodejs24.x", "nodejs22.x"]
  compatible_architectures = ["arm64", "x86_64"]
}

data "archive_file" "orders" {
  type        = "zip"
  source_dir  = "${path.module}/../function"
  output_path = "${path.module}/function.zip"
}

resource "aws_lambda_function" "orders" {
  function_name    = "orders"
  filename         = data.archive_file.orders.output_path
  source_code_hash = data.archive_file.orders.output_base64sha256
  handler          = "index.handler"
  runtime          = "nodejs24.x"
  architectures    = [var.architecture]
  memory_size      = 256
  timeout          = 10
  layers           = [aws_lambda_layer_version.clickspan.arn]
  role             = aws_iam_role.orders.arn

  environment {
    variables = merge(local.environment, local.collector_headers)
  }
}

resource "aws_iam_role" "orders" {
  name_prefix = "orders-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.orders.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "queue" {
  role = aws_iam_role.orders.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = aws_sqs_queue.orders.arn
    }]
  })
}

resource "aws_sqs_queue" "orders" {}

resource "aws_apigatewayv2_api" "orders" {
  name          = "orders"
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins  = [var.page_origin]
    allow_methods  = ["POST"]
    allow_headers  = ["content-type", "traceparent", "tracestate"]
    expose_headers = ["Server-Timing"]
    max_age        = 600
  }
}

resource "aws_apigatewayv2_integration" "orders" {
  api_id                 = aws_apigatewayv2_api.orders.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.orders.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "post" {
  api_id    = aws_apigatewayv2_api.orders.id
  route_key = "POST /orders"
  target    = "integrations/${aws_apigatewayv2_integration.orders.id}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.orders.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "api" {
  function_name = aws_lambda_function.orders.function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.orders.execution_arn}/*/*/orders"
}

output "url" {
  value = "${aws_apigatewayv2_api.orders.api_endpoint}/orders"
}
