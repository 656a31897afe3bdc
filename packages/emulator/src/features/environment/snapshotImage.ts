import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What all environments of a function have in common that are restored from its snapshot. */
export interface SnapshotImage {
  /** Of everything random that its INIT drew. */
  readonly seed: number;
  /** When its INIT began. */
  readonly createdUnixMs: number;
}

/** One environment that waits to be restored. */
export interface WaitingSnapshot {
  /** The variables of the runtime process, with those that have its INIT run as in the image. */
  withImage(variables: Readonly<Record<string, string>>): Record<string, string>;
  /** From here on randomness and clock are the environment's own; called before anything of it runs again. */
  restored(): void;
}

const PRELOAD = fileURLToPath(
  new URL(`../../standIn/snapshotImage.${import.meta.url.endsWith('.ts') ? 'cts' : 'cjs'}`, import.meta.url),
);
const MAX_SEED = 2 ** 32;

/**
 * Makes the image of a function: its environments are initialized each for itself, so that all of INIT that depends on
 * chance and time has to come out the same.
 *
 * @param createdUnixMs when the first of its environments starts
 */
export function createSnapshotImage(createdUnixMs: number): SnapshotImage {
  return { seed: randomInt(MAX_SEED), createdUnixMs };
}

/**
 * Prepares one environment for being restored from an image.
 *
 * @param image of its function
 * @param optDir where the function's layers are; the mark of the restore is laid beside
 */
export function prepareSnapshot(image: SnapshotImage, optDir: string): WaitingSnapshot {
  // No function can have that name.
  const dir = join(dirname(optDir), '.restored');
  mkdirSync(dir, { recursive: true });
  const restoredPath = join(dir, randomUUID());
  // Before the function's own preloads, which may draw, too; the preload takes it out again.
  const nodeOption = `--require ${JSON.stringify(PRELOAD)}`;
  return {
    withImage: (variables) => ({
      ...variables,
      NODE_OPTIONS: `${nodeOption} ${variables['NODE_OPTIONS'] ?? ''}`.trim(),
      CLICKSPAN_SNAPSHOT_IMAGE: JSON.stringify({ ...image, restoredPath, nodeOption }),
    }),
    restored: () => writeFileSync(restoredPath, ''),
  };
}
