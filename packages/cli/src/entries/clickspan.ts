#!/usr/bin/env node
import { runClickspan } from '../boot/runClickspan.ts';

// What is still open by then (a socket that somebody kept alive) is not worth waiting for.
process.exit(await runClickspan(process.argv.slice(2)));
