import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A rollup plugin that takes the library web-vitals from its readable modules, so that its private names can be shortened
 * with ours, and without what the agent never comes to use. The build fails where a new version has not what is replaced.
 *
 * @param {string} repository the folder of the workspace
 */
export function webVitalsParts(repository) {
  const folder = join(repository, 'node_modules/web-vitals/dist/modules');
  return {
    name: 'web-vitals-parts',
    resolveId: {
      order: 'pre',
      handler(id) {
        if (!id.startsWith('web-vitals/')) return null;
        return { id: join(folder, id.slice('web-vitals/'.length)), moduleSideEffects: false };
      },
    },
    load(id) {
      if (!id.startsWith(folder)) return null;
      const name = id.slice(folder.length + 1);
      let code = readFileSync(id, 'utf8');
      for (const [part, instead] of files[name] ?? []) {
        if (code.search(part) < 0) throw new Error(`web-vitals: ${name} does not hold ${part}.`);
        code = code.replace(part, instead);
      }
      return { code, map: null };
    },
  };
}

/** Managers are found by their options only by the library's other edition, with attribution; here each is used once. */
const UNIQUE = [/initUnique\(opts, (\w+)\)/g, 'new $1()'];
/** What that edition hooks into. */
const HOOKS = [/this\._on\w+\?\.\(\w+\);/g, ''];
/** Options that the agent does not set. */
const ALL_CHANGES = [/, opts\.reportAllChanges\)/g, ')'];

const files = {
  'onCLS.js': [UNIQUE, ALL_CHANGES],
  'onINP.js': [UNIQUE, ALL_CHANGES, [/opts\.durationThreshold \?\? /, ''], [/\.\.\.opts,/, '']],
  'onLCP.js': [
    ALL_CHANGES,
    [/const lcpEntryManager = .*/, ''],
    [/lcpEntryManager\._processEntry\(.*\);/g, ''],
    [/if \(lcpEntryManager\._softNavigationEntryMap[^}]*\}/, ''],
    [/!opts\.reportAllChanges && /, ''],
  ],
  'onFCP.js': [
    ALL_CHANGES,
    [/const fcpEntryManager = .*/, ''],
    [/if \(fcpEntryManager\._softNavigationEntryMap[^}]*\}/, ''],
  ],
  'onTTFB.js': [ALL_CHANGES],
  'lib/bindReporter.js': [
    [/, reportAllChanges\)/, ')'],
    [/forceReport \|\| reportAllChanges/, 'forceReport'],
  ],
  'lib/InteractionManager.js': [HOOKS],
  'lib/LayoutShiftManager.js': [HOOKS],
};
