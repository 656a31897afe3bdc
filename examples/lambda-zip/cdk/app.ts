import { fileURLToPath } from 'node:url';
import { App, CfnOutput, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import { CorsHttpMethod, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LayerVersion,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';

const app = new App();
/** Set by `-c name=value`, or in `cdk.json`. */
const read = (name: string): string | undefined => app.node.tryGetContext(name);
const pageOrigin = read('pageOrigin') ?? 'https://shop.example';
const collectorEndpoint = read('collectorEndpoint') ?? 'https://collector.example';
/** Name of the secret in Secrets Manager that holds the collector's headers, as `name=value`. */
const headersSecret = read('collectorHeadersSecret');
const isX86 = read('architecture') === 'x86_64';

const fileAbove = (name: string): Code =>
  Code.fromAsset(fileURLToPath(new URL(`../${name}`, import.meta.url)));

const stack = new Stack(app, 'Orders');

const clickspan = new LayerVersion(stack, 'Clickspan', {
  layerVersionName: 'clickspan',
  code: fileAbove('layer.zip'),
  compatibleRuntimes: [Runtime.NODEJS_24_X, Runtime.NODEJS_22_X],
  compatibleArchitectures: [Architecture.ARM_64, Architecture.X86_64],
});

const queue = new Queue(stack, 'Queue');

const orders = new LambdaFunction(stack, 'Orders', {
  code: fileAbove('function'),
  handler: 'index.handler',
  runtime: Runtime.NODEJS_24_X,
  architecture: isX86 ? Architecture.X86_64 : Architecture.ARM_64,
  memorySize: 256,
  timeout: Duration.seconds(10),
  layers: [clickspan],
  environment: {
    NODE_OPTIONS: '--require /opt/clickspan/preload.cjs',
    OTEL_EXPORTER_OTLP_ENDPOINT: collectorEndpoint,
    ...(headersSecret && {
      // A reference that CloudFormation resolves: the template does not hold the headers themselves.
      OTEL_EXPORTER_OTLP_HEADERS: SecretValue.secretsManager(headersSecret).unsafeUnwrap(),
    }),
    ORDERS_QUEUE_URL: queue.queueUrl,
    PAGE_ORIGIN: pageOrigin,
  },
});
queue.grantSendMessages(orders);

const api = new HttpApi(stack, 'Api', {
  corsPreflight: {
    allowOrigins: [pageOrigin],
    allowMethods: [CorsHttpMethod.POST],
    allowHeaders: ['content-type', 'traceparent', 'tracestate'],
    exposeHeaders: ['Server-Timing'],
    maxAge: Duration.minutes(10),
  },
});
api.addRoutes({
  path: '/orders',
  methods: [HttpMethod.POST],
  integration: new HttpLambdaIntegration('Post', orders),
});

new CfnOutput(stack, 'Url', { value: `${api.apiEndpoint}/orders` });
