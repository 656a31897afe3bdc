import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What an image's configuration says after its Dockerfile. */
export interface BuiltImage {
  readonly from: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/**
 * Reads `FROM`, `ENV` and `CMD` of a Dockerfile, and carries out its `COPY`. A stand-in for Docker, which is not everywhere:
 * nothing of the base image is there. An instruction that it does not know is an error.
 *
 * @param dockerfile the path
 * @param environment variables of the base image
 * @param copy the build context, and the folder that becomes the image's root; nothing is copied without
 */
export function buildImage(
  dockerfile: string,
  environment: Readonly<Record<string, string>>,
  copy?: { readonly contextDir: string; readonly rootDir: string },
): BuiltImage {
  const variables: Record<string, string> = {};
  let from = '';
  let command: readonly string[] = [];
  for (const line of readFileSync(dockerfile, 'utf8').split('\n')) {
    const [, instruction, rest = ''] = /^([A-Z]+) +(.+)$/.exec(line) ?? [];
    const argument = rest.replaceAll(
      /\$\{(\w+)\}/g,
      (_, name: string) => variables[name] ?? environment[name]!,
    );
    if (line === '' || line.startsWith('#')) continue;
    if (instruction === 'FROM') from = argument;
    else if (instruction === 'CMD') command = JSON.parse(argument) as string[];
    else if (instruction === 'ENV') {
      const [, name = '', value = ''] = /^(\w+)="([^"]*)"$/.exec(argument)!;
      variables[name] = value;
    } else if (instruction === 'COPY') {
      const [source = '', target = '', ...more] = argument.split(' ');
      if (more.length > 0) throw new Error(`the stand-in does not know: ${line}`);
      if (copy) copyIn(join(copy.contextDir, source), join(copy.rootDir, target));
    } else throw new Error(`the stand-in does not know: ${line}`);
  }
  return { from, environment: variables, command };
}

/** A folder's content goes into the target, a file into the folder that the target names by its last slash. */
function copyIn(source: string, target: string): void {
  if (statSync(source).isDirectory()) return cpSync(source, target, { recursive: true });
  mkdirSync(target, { recursive: true });
  cpSync(source, join(target, source.slice(source.lastIndexOf('/') + 1)));
}
