import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY: string = resolve(import.meta.dirname, '../..');

/** The examples that have templates. */
export const EXAMPLES = ['lambda-zip', 'lambda-container'] as const;
export type Example = (typeof EXAMPLES)[number];

/** The examples as a user has copied them. */
export interface ExampleCopies {
  readonly dir: string;
  remove(): Promise<void>;
}

/** Copies the examples into a folder of their own, and puts the agent where their READMEs say. */
export async function copyExamples(): Promise<ExampleCopies> {
  const dir = await mkdtemp(join(tmpdir(), 'clickspan-examples-'));
  for (const example of EXAMPLES) {
    await cp(join(REPOSITORY, 'examples', example), join(dir, example), {
      recursive: true,
      filter: (path) => !path.endsWith('/node_modules'),
    });
  }
  const agent = join(REPOSITORY, 'packages/lambda/dist');
  await cp(join(agent, 'layer.zip'), join(dir, 'lambda-zip/layer.zip'));
  await cp(join(agent, 'layer'), join(dir, 'lambda-container/image/layer'), { recursive: true });
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
