/** Runs schedules one after the other and says of each what came of it, as a line of JSON: `schedules.ts SEED COUNT STEP`. */
import { run } from './run.ts';
import { loadEncoding } from './wire/encoding.ts';

const encoding = loadEncoding();
const [first = 1, count = 1, step = 1] = process.argv.slice(2).map(Number);

for (let n = 0; n < count; n++) {
  const verdict = await run({ seed: first + n * step, encoding });
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
}
