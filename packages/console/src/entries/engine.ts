/**
 * The embedded engine's own process: ClickHouse out of a shared library, in the place of this program.
 * Arguments: the library, a JSON list of files to remove at the end, then ClickHouse's own arguments.
 * It ends when its standard input does, which is when its parent has gone, however that came about.
 */
import { rmSync } from 'node:fs';
import { DataType, load, open } from 'ffi-rs';

const [library = '', leftovers = '[]', ...engineArguments] = process.argv.slice(2);
const argv = ['clickhouse', ...engineArguments];

open({ library: 'engine', path: library });
// The main function of `clickhouse local`. It returns when the last query has, and prints its own errors.
load({
  library: 'engine',
  funcName: 'query_stable_v2',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
for (const path of JSON.parse(leftovers) as string[]) rmSync(path, { force: true });
// Threads of the library may still run; nothing of ours is open any more, so their end need not be awaited.
process.exit(0);
