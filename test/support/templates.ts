import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { CloudFormationTemplate } from './cloudFormationSettings.ts';
import { EXAMPLES } from './exampleCopies.ts';
import type { Example, ExampleCopies } from './exampleCopies.ts';
import type { TerraformFile } from './terraformCheck.ts';

const REPOSITORY: string = resolve(import.meta.dirname, '../..');
const NPM_TOOLS: string = join(import.meta.dirname, 'templateTools');
const CACHE: string = join(REPOSITORY, 'node_modules/.cache/clickspan');
const pythonTools =
  existsSync(CACHE) && readdirSync(CACHE).find((name) => /^templates-[^.]+[\d.]+/.test(name));

/** Whether `node scripts/installTemplateTools.mjs` has been run. */
export const HAS_TEMPLATE_TOOLS: boolean =
  Boolean(pythonTools) && existsSync(join(NPM_TOOLS, 'node_modules'));

/** What a template is given: as in its README, or everything that can be chosen chosen otherwise. */
export const VARIANTS = ['default', 'other'] as const;
export type Variant = (typeof VARIANTS)[number];

/** The parameters of a variant, by their names in the CDK and in the Serverless Framework. */
export const PARAMETERS: Readonly<Record<Variant, Readonly<Record<string, string>>>> = {
  default: {},
  other: { architecture: 'x86_64', collectorHeadersSecret: 'clickspan/collector' },
};

/** An image that has been pushed, for the templates that do not build it. */
export const IMAGE: string = `111111111111.dkr.ecr.us-east-1.amazonaws.com/stock@sha256:${'ab'.repeat(32)}`;

/**
 * Puts the tools where the copies find them: in a folder above.
 *
 * @param copies the examples
 */
export async function linkTools({ dir }: ExampleCopies): Promise<void> {
  await symlink(join(NPM_TOOLS, 'node_modules'), join(dir, 'node_modules'));
  await mkdir(join(dir, 'out'));
}

/** Paths of CloudFormation templates by example and variant. */
export type Synthesized = ReadonlyMap<`${Example} ${Variant}`, string>;

const everyOne = EXAMPLES.flatMap((example) => VARIANTS.map((variant) => ({ example, variant })));

/** SAM templates, translated by AWS's own translator. */
export async function translateSam({ dir }: ExampleCopies): Promise<Synthesized> {
  const jobs = everyOne.map(({ example, variant }) => ({
    key: `${example} ${variant}` as const,
    template: join(dir, example, 'template.yaml'),
    parameters: toSamParameters(variant),
    output: join(dir, 'out', `sam-${example}-${variant}.json`),
  }));
  await runPython(['-W', 'ignore', join(import.meta.dirname, 'translateSam.py')], JSON.stringify(jobs));
  return new Map(jobs.map(({ key, output }) => [key, output]));
}

/** The same parameters as SAM's templates name them. */
export function toSamParameters(variant: Variant): Record<string, string> {
  const toName = (name: string): string => name[0]!.toUpperCase() + name.slice(1);
  return Object.fromEntries(
    Object.entries(PARAMETERS[variant]).map(([name, value]) => [toName(name), value]),
  );
}

/** CDK apps, type-checked and synthesized. */
export async function synthesizeCdk({ dir }: ExampleCopies): Promise<Synthesized> {
  const tsconfig = {
    compilerOptions: {
      target: 'ES2024',
      module: 'NodeNext',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(REPOSITORY, 'node_modules/@types')],
    },
    files: EXAMPLES.map((example) => join(dir, example, 'cdk/app.ts')),
  };
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(tsconfig));
  await run(process.execPath, [join(REPOSITORY, 'node_modules/@typescript/native/bin/tsc'), '-p', dir]);
  const jobs = everyOne.map(({ example, variant }) => ({
    key: `${example} ${variant}` as const,
    app: join(dir, example, 'cdk/app.ts'),
    outDir: join(dir, 'out', `cdk-${example}-${variant}`),
    context: PARAMETERS[variant],
  }));
  await run(process.execPath, [join(import.meta.dirname, 'synthesizeCdk.mjs'), JSON.stringify(jobs)]);
  return new Map(jobs.map(({ key, outDir }) => [key, findTemplate(outDir)]));
}

function findTemplate(outDir: string): string {
  const name = readdirSync(outDir).find((file) => file.endsWith('.template.json'));
  if (!name) throw new Error(`the CDK has written no template into ${outDir}`);
  return join(outDir, name);
}

/**
 * What the Serverless Framework sends to CloudFormation, packaged by its open fork.
 *
 * @param copies the examples
 * @param awsUrl it asks CloudFormation whether the layer has changed since the last deployment; there is none
 */
export async function packageServerless({ dir }: ExampleCopies, awsUrl: string): Promise<Synthesized> {
  const packageOne = async (example: Example, variant: Variant): Promise<string> => {
    const outDir = join(dir, 'out', `serverless-${example}-${variant}`);
    const parameters = { ...PARAMETERS[variant], ...(example === 'lambda-container' && { image: IMAGE }) };
    await run(
      process.execPath,
      [
        join(NPM_TOOLS, 'node_modules/osls/bin/serverless.js'),
        'package',
        '--package',
        outDir,
        ...Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
      ],
      {
        cwd: join(dir, example),
        environment: {
          AWS_ENDPOINT_URL: awsUrl,
          AWS_ACCESS_KEY_ID: 'none',
          AWS_SECRET_ACCESS_KEY: 'none',
          AWS_REGION: 'us-east-1',
        },
      },
    );
    return join(outDir, 'cloudformation-template-update-stack.json');
  };
  const made = new Map<`${Example} ${Variant}`, string>();
  // One after the other in the same folder, where both would write the same zip.
  for (const variant of VARIANTS) {
    const paths = await Promise.all(EXAMPLES.map((example) => packageOne(example, variant)));
    for (const [index, path] of paths.entries()) made.set(`${EXAMPLES[index]!} ${variant}`, path);
  }
  return made;
}

/** Has cfn-lint look at CloudFormation templates; throws with what it finds wrong. Warnings do not count: tools write them. */
export async function lintCloudFormation(paths: readonly string[]): Promise<void> {
  const linter = join(CACHE, String(pythonTools), 'bin/cfn-lint');
  const options = ['--regions', 'us-east-1', '--non-zero-exit-code', 'error', '--ignore-checks', 'W', 'I'];
  await runPython([linter, ...options, '--', ...paths]);
}

/** Reads a template that a tool has made. */
export async function readTemplate(path: string): Promise<CloudFormationTemplate> {
  return JSON.parse(await readFile(path, 'utf8')) as CloudFormationTemplate;
}

/** Parses a Terraform file by HashiCorp's own parser; throws what it says of wrong syntax. */
export async function parseTerraform(path: string): Promise<TerraformFile> {
  const { parse } = createRequire(join(NPM_TOOLS, 'package.json'))('@cdktf/hcl2json') as {
    readonly parse: (name: string, text: string) => Promise<TerraformFile>;
  };
  return parse(path, await readFile(path, 'utf8'));
}

function runPython(args: readonly string[], input = ''): Promise<string> {
  const environment = { PYTHONPATH: join(CACHE, String(pythonTools)), AWS_DEFAULT_REGION: 'us-east-1' };
  return run('python3', args, { environment, input });
}

interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end and gives what it printed; throws with all of it when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, environment, input = '' }: RunOptions = {},
): Promise<string> {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...environment } });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  child.stdin.end(input);
  const code = await new Promise((done, fail) => child.on('error', fail).on('close', done));
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}:\n${output}`);
  return output;
}
