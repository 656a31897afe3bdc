terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source = "hashicorp/aws"
      # From 6.28 on a function URL without authorization comes with both permissions that it needs.
      version = "~> 6.28"
    }
  }
}

variable "image" {
  description = "Address of the pushed image: <account>.dkr.ecr.<region>.amazonaws.com/stock@sha256:…"
}

variable "page_origin" {
  description = "Origin of the page that calls the function."
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

variable "warehouse_url" {
  description = "The service that the function asks."
  default     = "https://warehouse.example"
}

variable "architecture" {
  description = "arm64 or x86_64: what the image was built for."
  default     = "arm64"
}

locals {
  environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT = var.collector_endpoint
    PAGE_ORIGIN                 = var.page_origin
    WAREHOUSE_URL               = var.warehouse_url
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

resource "aws_lambda_function" "stock" {
  function_name = "stock"
  package_type  = "Image"
  image_uri     = var.image
  architectures = [var.architecture]
  memory_size   = 256
  timeout       = 10
  role          = aws_iam_role.stock.arn

  environment {
    variables = merge(local.environment, local.collector_headers)
  }
}

resource "aws_lambda_function_url" "stock" {
  function_name      = aws_lambda_function.stock.function_name
  authorization_type = "NONE"

  cors {
    allow_origins  = [var.page_origin]
    allow_methods  = ["GET"]
    allow_headers  = ["content-type", "traceparent", "tracestate"]
    expose_headers = ["Server-Timing"]
    max_age        = 600
  }
}

resource "aws_iam_role" "stock" {
  name_prefix = "stock-"
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
  role       = aws_iam_role.stock.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

output "url" {
  value = aws_lambda_function_url.stock.function_url
}
