/** A template as CloudFormation takes it. */
export interface CloudFormationTemplate {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Properties }>>;
}

type Properties = Readonly<Record<string, unknown>>;

/** What a template says of its function, by the names of the table in the example's README. */
export type Settings = Readonly<Record<string, unknown>>;

/** What a reference to a resource of the template means to a reader. */
const REFERRED: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'URL of the queue',
  'AWS::Lambda::LayerVersion': 'clickspan',
};

/**
 * Reads the settings out of a template.
 *
 * @param template with the function that has a collector, and the API or function URL that answers CORS
 * @param parameters those that differ from the template's defaults
 */
export function readCloudFormation(
  template: CloudFormationTemplate,
  parameters: Readonly<Record<string, string>> = {},
): Settings {
  const resources = Object.values(template.Resources);
  const read = (value: unknown): unknown => evaluate(value, template, parameters);
  const propertiesOf = (type: string): readonly Properties[] =>
    resources
      .filter(({ Type }) => Type === type)
      .map(({ Properties: properties }) => read(properties) as Properties);
  const found = propertiesOf('AWS::Lambda::Function').find(({ Environment: environment }) =>
    JSON.stringify(environment ?? {}).includes('OTEL_EXPORTER_OTLP_ENDPOINT'),
  );
  if (!found) throw new Error('the template has no function with a collector');
  const [layer] = propertiesOf('AWS::Lambda::LayerVersion');
  const [api] = propertiesOf('AWS::ApiGatewayV2::Api');
  const [url] = propertiesOf('AWS::Lambda::Url');
  const body = api?.['Body'] as Properties | undefined;
  const cors = api?.['CorsConfiguration'] ?? body?.['x-amazon-apigateway-cors'] ?? url?.['Cors'];
  return toSettings({
    handler: found['Handler'],
    runtime: found['Runtime'],
    architectures: found['Architectures'],
    memoryMb: found['MemorySize'],
    timeoutSeconds: found['Timeout'],
    layers: found['Layers'],
    layerArchitectures: layer?.['CompatibleArchitectures'],
    variables: (found['Environment'] as Properties)['Variables'] as Properties,
    cors: Object.fromEntries(
      Object.entries(cors as Properties).map(([name, value]) => [
        name[0]!.toLowerCase() + name.slice(1),
        value,
      ]),
    ),
  });
}

/** The same of every tool. */
export interface RawSettings {
  readonly handler: unknown;
  readonly runtime: unknown;
  readonly architectures: unknown;
  readonly memoryMb: unknown;
  readonly timeoutSeconds: unknown;
  readonly layers: unknown;
  readonly layerArchitectures: unknown;
  readonly variables: Properties;
  readonly cors: Properties;
}

/** Writes settings as a README does. What a template leaves out is left out. */
export function toSettings(raw: RawSettings): Settings {
  const { variables, cors } = raw;
  const list = (value: unknown): unknown => (Array.isArray(value) ? value.join(', ') : value);
  const settings = {
    handler: raw.handler,
    runtime: raw.runtime,
    architecture: list(raw.architectures),
    memory: `${String(raw.memoryMb)} MB`,
    timeout: `${String(raw.timeoutSeconds)} s`,
    layer: list(raw.layers),
    'layer for': list(raw.layerArchitectures),
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, nameSecret(value)])),
    'allowed origins': list(cors['allowOrigins']),
    'allowed methods': list(cors['allowMethods']),
    'allowed headers': list(cors['allowHeaders']),
    'exposed headers': list(cors['exposeHeaders']),
    'preflights kept for': `${String(cors['maxAge'])} s`,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** The CDK names the part and the version of a secret too, which are the defaults. */
function nameSecret(value: unknown): unknown {
  const [, name] = /^\{\{resolve:secretsmanager:([^:}]+)[^}]*\}\}$/.exec(String(value)) ?? [];
  return name === undefined ? value : `secret ${name}`;
}

/** Works out what of CloudFormation's functions the examples use; what it does not know stays as it is. */
function evaluate(
  value: unknown,
  template: CloudFormationTemplate,
  parameters: Readonly<Record<string, string>>,
): unknown {
  const read = (one: unknown): unknown => evaluate(one, template, parameters);
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  const list = Array.isArray(argument) ? (argument as unknown[]) : [];
  if (entries.length > 1 || name === undefined)
    return Object.fromEntries(entries.map(([key, one]) => [key, read(one)]));
  switch (name) {
    case 'Ref':
      return refer(String(argument));
    case 'Fn::Sub':
      return String(argument).replaceAll(/\$\{([\w:]+)\}/g, (_, id: string) => String(refer(id)));
    case 'Fn::Equals':
      return read(list[0]) === read(list[1]);
    case 'Fn::Not':
      return !read(list[0]);
    case 'Fn::If':
      return read(template.Conditions?.[String(list[0])]) ? read(list[1]) : read(list[2]);
    default:
      return { [name]: read(argument) };
  }

  function refer(id: string): unknown {
    if (id === 'AWS::NoValue') return undefined;
    const parameter = template.Parameters?.[id];
    if (parameter) return parameters[id] ?? parameter.Default;
    const type = template.Resources[id]?.Type ?? id;
    return REFERRED[type] ?? type;
  }
}
