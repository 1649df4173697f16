/**
 * Runs one group of test files with the Node that it is started by: `run.mjs` gives it the group as JSON. Prints what the
 * tests say and which files took longest, and leaves the totals in a file.
 */
import { writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { slowestLines } from './durations.mjs';
import { totalsOf } from './totals.mjs';

const WATCHDOG = new URL('watchdog.mjs', import.meta.url).href;
const { files, concurrency, testTimeout, totals } = JSON.parse(process.argv[2]);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stopping.abort());
/** Files begin in this order; what they say comes in this order, too, never mixed. */
const events = run({
  files,
  concurrency,
  signal: stopping.signal,
  execArgv: [`--import=${WATCHDOG}`, `--test-timeout=${testTimeout}`],
});
const seconds = new Map();
let counts;
events.on('test:summary', ({ file, duration_ms: ms, counts: counted }) => {
  if (file === undefined) counts = counted;
  else seconds.set(file, ms / 1000);
});
const shown = events.compose(new spec());
shown.pipe(process.stdout, { end: false });
await finished(shown);
process.stdout.write(slowestLines(seconds));
writeFileSync(totals, JSON.stringify(totalsOf(counts)));
process.exitCode = counts.failed + counts.cancelled > 0 ? 1 : 0;
