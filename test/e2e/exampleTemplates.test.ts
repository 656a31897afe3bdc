import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCloudFormation } from '../support/cloudFormationSettings.ts';
import type { Settings } from '../support/cloudFormationSettings.ts';
import { buildImage } from '../support/dockerfile.ts';
import { copyExamples, EXAMPLES } from '../support/exampleCopies.ts';
import type { Example, ExampleCopies } from '../support/exampleCopies.ts';
import { readDocumentedSettings } from '../support/exampleSettings.ts';
import { MOTO_DIR, startMoto } from '../support/moto.ts';
import {
  HAS_TEMPLATE_TOOLS,
  linkTools,
  lintCloudFormation,
  packageServerless,
  PARAMETERS,
  parseTerraform,
  readTemplate,
  run,
  synthesizeCdk,
  toSamParameters,
  translateSam,
  VARIANTS,
} from '../support/templates.ts';
import type { Synthesized, Variant } from '../support/templates.ts';
import { findTerraformFaults, readTerraform } from '../support/terraformCheck.ts';
import type { TerraformSchema } from '../support/terraformCheck.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const TOOLS = ['SAM', 'CDK', 'Serverless'] as const;
type Tool = (typeof TOOLS)[number];
const schema = JSON.parse(
  readFileSync(join(REPOSITORY, 'test/support/terraformSchema.json'), 'utf8'),
) as TerraformSchema;
const hasTerraform = spawnSync('terraform', ['version']).status === 0;
const everyOne = EXAMPLES.flatMap((example) => VARIANTS.map((variant) => ({ example, variant })));

const OTHER = {
  architecture: 'x86_64',
  OTEL_EXPORTER_OTLP_HEADERS: 'secret clickspan/collector',
};

/** What the README says, and what its parameters change of it. */
function toExpected(example: Example, variant: Variant): Settings {
  return { ...readDocumentedSettings(example), ...(variant === 'other' && OTHER) };
}

/** What a template says, and for an image what its Dockerfile says. */
function withImage(example: Example, settings: Settings): Settings {
  if (example === 'lambda-zip') return settings;
  const image = buildImage(join(REPOSITORY, 'examples/lambda-container/image/Dockerfile'), {});
  return { handler: image.command.join(' '), ...image.environment, ...settings };
}

describe.skipIf(!HAS_TEMPLATE_TOOLS || !MOTO_DIR)(
  'a template (needs scripts/installTemplateTools.mjs and scripts/installMoto.mjs)',
  () => {
    let copies: ExampleCopies;
    const made: Partial<Record<Tool, Synthesized>> = {};
    beforeAll(async () => {
      copies = await copyExamples();
      await linkTools(copies);
    });
    afterAll(async () => {
      await copies.remove();
    });

    it('of SAM is translated by AWS’s translator', async () => {
      made.SAM = await translateSam(copies);
    });

    it('of the CDK compiles and synthesizes', async () => {
      made.CDK = await synthesizeCdk(copies);
    });

    it('of the Serverless Framework is packaged', async () => {
      const moto = await startMoto();
      try {
        made.Serverless = await packageServerless(copies, moto.url);
      } finally {
        moto.stop();
      }
      const code = join(copies.dir, 'out/serverless-lambda-zip-default/orders.zip');
      expect(await run('python3', ['-m', 'zipfile', '--list', code])).toContain('function/index.mjs');
    });

    it('has no error that cfn-lint knows, in what CloudFormation gets', async () => {
      const paths = TOOLS.flatMap((tool) => [...(made[tool]?.values() ?? [])]);
      expect(paths).toHaveLength(TOOLS.length * everyOne.length);
      await lintCloudFormation(paths);
    });

    it.each(TOOLS)('of %s sets what the README says, and takes parameters', async (tool) => {
      for (const { example, variant } of everyOne) {
        const template = await readTemplate(made[tool]!.get(`${example} ${variant}`)!);
        const settings = readCloudFormation(template, tool === 'SAM' ? toSamParameters(variant) : {});
        const expected = toExpected(example, variant);
        // The Serverless Framework zips the folder with its name, as the README says.
        const inFolder = tool === 'Serverless' &&
          example === 'lambda-zip' && { handler: 'function/index.handler' };
        expect(withImage(example, settings)).toEqual({ ...expected, ...inFolder });
      }
    });

    it.each(EXAMPLES)('of Terraform is what the providers take: %s', async (example) => {
      const file = await parseTerraform(join(copies.dir, example, 'terraform/main.tf'));
      expect(findTerraformFaults(file, schema)).toEqual([]);
      for (const variant of VARIANTS) {
        const variables = Object.entries(PARAMETERS[variant]).map(([name, value]) => [
          name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          value,
        ]);
        const settings = readTerraform(file, Object.fromEntries(variables));
        expect(withImage(example, settings)).toEqual(toExpected(example, variant));
      }
    });
  },
);

it.skipIf(!hasTerraform)(
  'Terraform reads its files and finds them well-formed (needs terraform)',
  async () => {
    for (const example of EXAMPLES) {
      const folder = join(REPOSITORY, 'examples', example, 'terraform');
      await run('terraform', ['fmt', '-check', '-diff', folder]);
    }
  },
);

it('no example holds a secret or the address of an account', () => {
  for (const example of EXAMPLES) {
    const folder = join(REPOSITORY, 'examples', example);
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:ya?ml|ts|tf|json|mjs)$|Dockerfile$/.test(name) || name.includes('node_modules')) continue;
      expect(readFileSync(join(folder, name), 'utf8')).not.toMatch(
        /\b\d{12}\b|AKIA|[Bb]earer [\w-]{8}|[Aa]uthorization=/,
      );
    }
  }
});
