import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A rollup plugin that takes the library web-vitals from its readable modules, so that its private names can be shortened
 * with ours, and without what the agent never comes to use: it starts the library when the page is loaded and shown, for
 * reports at the end, and takes no entries but those of INP. The build fails where a new version has not what is replaced.
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
const HOOKS = [
  [/this\._on\w+\?\.\(\w+\);/g, ''],
  [/^\s*_on\w+;$/gm, ''],
];
/** Options: soft navigations are always reported, and all else is the default. */
const OPTIONS = [
  [/\(onReport, opts = \{\}\)/, '(onReport)'],
  [/, opts\.reportAllChanges\)/g, ')'],
  [/checkSoftNavsEnabled\(opts\)/, 'checkSoftNavsEnabled()'],
];
const SOFT_ONLY = [/(observe\(\['soft-navigation'\], \w+), opts\)/, '$1)'];
/** The map of soft navigations is of that edition, too. */
const SOFT_MAP = [/if \(\w+EntryManager\._softNavigationEntryMap[^}]*\}/, ''];
/** What led to a value is of interest for INP alone. */
const ENTRIES = [/metric\.entries(?: = |\.push\().*;/g, ''];

const files = {
  'onCLS.js': [UNIQUE, ENTRIES, ...OPTIONS],
  'onINP.js': [
    UNIQUE,
    ...OPTIONS,
    [/opts\.durationThreshold \?\? /, ''],
    [/\.\.\.opts,/, ''],
    // Browsers that have ids of interactions count them, too.
    [/initInteractionCountPolyfill\(\);/, ''],
  ],
  'onLCP.js': [
    ENTRIES,
    ...OPTIONS,
    SOFT_MAP,
    [/const lcpEntryManager = .*/, ''],
    [/lcpEntryManager\._processEntry\(.*\);/g, ''],
    [/let metricEntries = .*/, ''],
    [/metricEntries = .*/g, ''],
    // Spares reports that are none, and listeners that then do nothing.
    [/if \(!opts\.reportAllChanges && !softNavsEnabled\) \{[^}]*\}/, ''],
    [/^( *)if \(!softNavsEnabled\) \{[^]*?\n\1\}/m, ''],
    // Done by what is called right before.
    [/(getBFCacheRestoreTime\(\)\);\s*)report = bindReporter\(.*/, '$1'],
  ],
  'onFCP.js': [
    ENTRIES,
    ...OPTIONS,
    SOFT_ONLY,
    SOFT_MAP,
    [/const fcpEntryManager = .*/, ''],
    // Of one page there is one.
    [/metric\.navigationId = .*/, ''],
  ],
  'onTTFB.js': [
    ENTRIES,
    ...OPTIONS,
    SOFT_ONLY,
    [/const whenReady = [^]*?\n\};/, 'const whenReady = (callback) => callback();'],
  ],
  'lib/bindReporter.js': [
    [/, reportAllChanges\)/, ')'],
    [/forceReport \|\| reportAllChanges/, 'forceReport'],
  ],
  'lib/InteractionManager.js': [
    ...HOOKS,
    // Ten are found as fast without it.
    [/_longestInteractionMap = .*/, ''],
    [/this\._longestInteractionMap\.(?:clear|set)\(.*/g, ''],
    [
      /this\._longestInteractionMap\.get\((.*)\);/,
      'this._longestInteractionList.find(({ id }) => id === $1);',
    ],
    [/const removedInteractions = /, ''],
    [/for \(const interaction of removedInteractions\) \{[^}]*\}/, ''],
  ],
  'lib/LayoutShiftManager.js': HOOKS,
  'lib/polyfills/interactionCountPolyfill.js': [[/po \? \w+ : /, '']],
  'lib/softNavs.js': [
    [/\(opts\) =>/, '() =>'],
    [/ &&\s*opts &&\s*opts\.reportSoftNavs/, ''],
  ],
  // The page is shown by now.
  'lib/whenActivated.js': [[/if \(document\.prerendering\) \{[^}]*\}\s*else /, '']],
  'lib/getVisibilityWatcher.js': [
    [/ && !document\.prerendering/, ''],
    [/if \(event\.type === 'visibilitychange'\) /, ''],
    [/event\.type === 'visibilitychange' \? event\.timeStamp : 0/, 'event.timeStamp'],
    [/(?:add|remove)EventListener\('prerenderingchange'.*/g, ''],
    [/!document\.prerendering\s*\? (globalThis[^;]*?)\s*: undefined;/, '$1;'],
  ],
  // Of a metric that is reported, both are known.
  'lib/initMetric.js': [
    [/rating: 'good',.*/, ''],
    [/delta: 0,/, ''],
    [/const entries = \[\];/, ''],
    [/\n\s*entries,/, ''],
    [/document\.prerendering \|\| /, ''],
  ],
};
