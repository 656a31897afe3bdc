import { BARE, readOpenTelemetryEdition, readOwnAgent, type BenchAgent } from './agents.ts';
import { openPageWith, rest, setStage, startAgentIn, type Stage } from './driver.ts';

const SETTLE_MS = 700;
const SHOWN = 30;

interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: string[]; readonly node_types: [string[], ...unknown[]] };
  };
  readonly nodes: number[];
  readonly strings: string[];
}

interface Kind {
  bytes: number;
  count: number;
}

/** What a page's heap has more with the agent than without, by kinds of objects, as a table. */
export async function tellHeapKinds(edition: 'own' | 'opentelemetry'): Promise<string> {
  const agent = edition === 'own' ? readOwnAgent() : readOpenTelemetryEdition();
  if (!agent) throw new Error('The OpenTelemetry edition has not been built.');
  const stage = await setStage();
  try {
    // The first page of a browser has more than all others.
    await readKinds(stage, BARE);
    const bare = await readKinds(stage, BARE);
    const added = [...(await readKinds(stage, agent))].map(([name, { bytes, count }]) => {
      const before = bare.get(name) ?? { bytes: 0, count: 0 };
      return { name, bytes: bytes - before.bytes, count: count - before.count };
    });
    const sum = added.reduce((total, { bytes }) => total + bytes, 0);
    const shown = added.sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN);
    return [
      `Added by the agent: ${sum} B, with what is outside the heap (ExternalStringData is the script's text)`,
      ...shown.map(
        ({ name, bytes, count }) => `${String(bytes).padStart(9)} B ${String(count).padStart(7)} × ${name}`,
      ),
      '',
    ].join('\n');
  } finally {
    await stage.close();
  }
}

async function readKinds(stage: Stage, agent: BenchAgent): Promise<Map<string, Kind>> {
  const stagePage = await openPageWith(stage, agent);
  const { cdp } = stagePage;
  await startAgentIn(stagePage, stage);
  await rest(SETTLE_MS);
  await cdp.send('HeapProfiler.collectGarbage');
  const chunks: string[] = [];
  cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await cdp.send('HeapProfiler.takeHeapSnapshot', {});
  await stagePage.close();
  const { snapshot, nodes, strings } = JSON.parse(chunks.join('')) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, nameAt, sizeAt] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field));
  const kinds = new Map<string, Kind>();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const type = types[0][nodes[at + typeAt!]!]!;
    const hasTelling = type !== 'string' && type !== 'closure';
    const name = hasTelling ? `${type} ${strings[nodes[at + nameAt!]!]!.slice(0, 50)}` : type;
    const kind = kinds.get(name) ?? { bytes: 0, count: 0 };
    kind.bytes += nodes[at + sizeAt!]!;
    kind.count++;
    kinds.set(name, kind);
  }
  return kinds;
}
