/** Runs schedules one after the other: `soak.ts <first seed> <count> [--trace] [--shrink]`. One line of JSON each. */
import { type Event, printEvent } from './events.ts';
import { run, type Verdict } from './run.ts';
import { loadEncoding } from './wire/encoding.ts';

const encoding = loadEncoding();
const [first = 1, count = 1] = process.argv.slice(2).map(Number);
const trace = process.argv.includes('--trace');
const write = (line: string) => void process.stdout.write(`${line}\n`);

for (let seed = first; seed < first + count; seed++) {
  const begun = performance.now();
  const verdict = await run({ seed, encoding, ...(trace ? { trace: write } : {}) });
  const { wrong, temper, convergedIn, lasted, events } = verdict;
  const took = Math.round(performance.now() - begun);
  write(JSON.stringify({ seed, wrong, temper, convergedIn, lasted, took, events: events.length }));
  if (wrong.length === 0 || trace) continue;
  const shown = process.argv.includes('--shrink') ? await shrink(verdict) : events;
  for (const event of shown) write(printEvent(event));
}

/** Leaves out what does not matter. */
async function shrink(verdict: Verdict): Promise<readonly Event[]> {
  const kind = kindOf(verdict);
  let events = verdict.events;
  for (let index = events.length - 1; index >= 0; index--) {
    const fewer = events.filter((_, at) => at !== index);
    const shorter = await run({ seed: verdict.seed, encoding, events: fewer });
    if (kindOf(shorter) === kind) events = fewer;
  }
  return events;
}

/** What is wrong, whoever it happens to. */
function kindOf({ wrong }: Verdict): string {
  return (wrong[0] ?? '').replaceAll(/[0-9a-f]*\d[0-9a-f./]*/g, '').slice(0, 60);
}
