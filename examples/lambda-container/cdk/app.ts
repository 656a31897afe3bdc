import { fileURLToPath } from 'node:url';
import { App, CfnOutput, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Architecture,
  DockerImageCode,
  DockerImageFunction,
  FunctionUrlAuthType,
  HttpMethod,
} from 'aws-cdk-lib/aws-lambda';

const app = new App();
/** Set by `-c name=value`, or in `cdk.json`. */
const read = (name: string): string | undefined => app.node.tryGetContext(name);
const pageOrigin = read('pageOrigin') ?? 'https://shop.example';
const collectorEndpoint = read('collectorEndpoint') ?? 'https://collector.example';
/** Name of the secret in Secrets Manager that holds the collector's headers, as `name=value`. */
const headersSecret = read('collectorHeadersSecret');
const warehouseUrl = read('warehouseUrl') ?? 'https://warehouse.example';
const isX86 = read('architecture') === 'x86_64';

const stack = new Stack(app, 'Stock');

const stock = new DockerImageFunction(stack, 'Stock', {
  code: DockerImageCode.fromImageAsset(fileURLToPath(new URL('../image', import.meta.url)), {
    platform: isX86 ? Platform.LINUX_AMD64 : Platform.LINUX_ARM64,
  }),
  architecture: isX86 ? Architecture.X86_64 : Architecture.ARM_64,
  memorySize: 256,
  timeout: Duration.seconds(10),
  environment: {
    OTEL_EXPORTER_OTLP_ENDPOINT: collectorEndpoint,
    ...(headersSecret && {
      // A reference that CloudFormation resolves: the template does not hold the headers themselves.
      OTEL_EXPORTER_OTLP_HEADERS: SecretValue.secretsManager(headersSecret).unsafeUnwrap(),
    }),
    PAGE_ORIGIN: pageOrigin,
    WAREHOUSE_URL: warehouseUrl,
  },
});

const url = stock.addFunctionUrl({
  authType: FunctionUrlAuthType.NONE,
  cors: {
    allowedOrigins: [pageOrigin],
    allowedMethods: [HttpMethod.GET],
    allowedHeaders: ['content-type', 'traceparent', 'tracestate'],
    exposedHeaders: ['Server-Timing'],
    maxAge: Duration.minutes(10),
  },
});

new CfnOutput(stack, 'Url', { value: url.url });
