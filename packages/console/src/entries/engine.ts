/**
 * The embedded engine's own process: ClickHouse out of a shared library, in the place of this program.
 * Arguments: the library, the directory of this start and the owner file, which it removes at the end, then
 * ClickHouse's own arguments.
 * It ends when its standard input does, which is when its parent has gone, however that came about.
 */
import { rmSync } from 'node:fs';
import { DataType, load, open } from 'ffi-rs';
import { releaseOwner } from '../features/engine/engineOwner.ts';

const [library = '', runDir = '', ownerFile = '', ...engineArguments] = process.argv.slice(2);
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
rmSync(runDir, { recursive: true, force: true });
releaseOwner(ownerFile, process.pid);
// Threads of the library may still run; nothing of ours is open any more, so their end need not be awaited.
process.exit(0);
