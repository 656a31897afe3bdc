import { join } from 'node:path';

/**
 * A rollup plugin that takes the library web-vitals from its readable modules, so that its private names can be shortened
 * with ours.
 *
 * @param {string} repository the folder of the workspace
 */
export function webVitalsParts(repository) {
  return {
    name: 'web-vitals-parts',
    resolveId: {
      order: 'pre',
      handler(id) {
        if (!id.startsWith('web-vitals/')) return null;
        const file = join(repository, 'node_modules/web-vitals/dist/modules', id.slice('web-vitals/'.length));
        return { id: file, moduleSideEffects: false };
      },
    },
  };
}
