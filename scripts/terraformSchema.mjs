// Writes test/support/terraformSchema.json: what Terraform's providers know of the resources that the examples use. Their own
// registry is not where npm's packages are, so the names are read from typings that were generated from the providers' schemas.
// Run it after an example uses another resource: node scripts/terraformSchema.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { repository } from './packages.mjs';

const PACKAGES = [
  {
    name: '@cdktn/provider-aws@25.7.0',
    types: [
      'apigatewayv2_api',
      'apigatewayv2_integration',
      'apigatewayv2_route',
      'apigatewayv2_stage',
      'data_aws_secretsmanager_secret_version',
      'iam_role',
      'iam_role_policy',
      'iam_role_policy_attachment',
      'lambda_function',
      'lambda_function_url',
      'lambda_layer_version',
      'lambda_permission',
      'sqs_queue',
    ],
  },
  { name: '@cdktn/provider-archive@14.0.1', types: ['data_archive_file'] },
];

const schema = { providers: {}, resource: {}, data: {} };
for (const { name, types } of PACKAGES) readPackage(name, types);
writeFileSync(
  join(repository, 'test/support/terraformSchema.json'),
  await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 }),
);

function readPackage(name, types) {
  const folder = mkdtempSync(join(tmpdir(), 'clickspan-terraform-'));
  try {
    execFileSync('npm', ['pack', name, '--silent', '--pack-destination', folder]);
    const modules = types.map((type) => `package/lib/${type.replaceAll('_', '-')}/index`);
    const files = modules.flatMap((module) => [`${module}.d.ts`, `${module}.js`]);
    execFileSync('sh', ['-c', `tar xzf *.tgz ${files.join(' ')}`], { cwd: folder });
    const read = (file) => readFileSync(join(folder, file), 'utf8');
    for (const module of modules) readModule(read(`${module}.d.ts`), read(`${module}.js`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readModule(typings, code) {
  const [, provider, version] = /providers\/hashicorp\/(\w+)\/([\d.]+)\//.exec(typings);
  schema.providers[provider] = version;
  const [, type] = /tfResourceType = "(\w+)"/.exec(typings);
  const interfaces = new Map(
    [...typings.matchAll(/^export interface (\w+)[^{]*\{\n([^]*?)^\}/gm)].map(([, name, body]) => [
      name,
      body,
    ]),
  );
  const known = readArguments(interfaces, /interface (\w+Config) extends/.exec(typings)[1]);
  const isData = /extends \w+\.TerraformDataSource/.test(typings);
  const resource = code.slice(code.search(/class \w+ extends \w+\.Terraform(?:Resource|DataSource)/));
  const readable = [...resource.matchAll(/Attribute\('(\w+)'\)/g)].map(([, name]) => name);
  schema[isData ? 'data' : 'resource'][type] = {
    arguments: known,
    /** What others can refer to. */
    attributes: [...new Set([...Object.keys(known), ...readable])].sort((a, b) => (a < b ? -1 : 1)),
  };
}

/** Each argument: whether it is required, its type, and for a block what is in it. */
function readArguments(interfaces, name) {
  const found = [
    ...interfaces.get(name).matchAll(/docs\/[\w-]+\/\w+#(\w+) [^]*?readonly \w+(\??): ([^;]+);/g),
  ];
  return Object.fromEntries(
    found.map(([, argument, optional, type]) => {
      const block = /^\w*/.exec(type)[0];
      const shape = interfaces.has(block)
        ? { block: readArguments(interfaces, block) }
        : { type: type.startsWith('{') ? 'map' : type.replace(/ \| \w+\.IResolvable/, '') };
      return [argument, { ...(optional ? {} : { required: true }), ...shape }];
    }),
  );
}
