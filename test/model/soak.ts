/**
 * `npm run soak -- [--schedules N] [--seed N] [--trace] [--shrink]`: N schedules from a seed on, on all cores. Ends with 1
 * at the first that is wrong. With one schedule, `--trace` prints every message, `--shrink` the events that matter.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { apart } from './apart.ts';
import { explain } from './explain.ts';
import { run, type Verdict } from './run.ts';
import { shrink } from './shrink.ts';
import { loadEncoding } from './wire/encoding.ts';

/** ms between two lines of progress */
const PROGRESS = 5000;

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
  },
});
const [count, seed] = [wholeNumber('schedules'), wholeNumber('seed')];
process.exitCode = (await (count === 1 ? one() : many())) ? 0 : 1;

async function one(): Promise<boolean> {
  const encoding = loadEncoding();
  const verdict = await run({ seed, encoding, ...(values.trace ? { trace: say } : {}) });
  say(explain(verdict));
  if (values.shrink && verdict.wrong.length > 0) say(explain(await shrink(verdict, encoding)));
  return verdict.wrong.length === 0;
}

/** @returns whether all was well */
function many(): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const cores = Math.min(count, availableParallelism());
  const begun = performance.now();
  let [done, running, slowest] = [0, cores, 0];
  const tell = () =>
    say(`${done} of ${count} schedules, ${Math.round((performance.now() - begun) / 1000)} s`);
  const timer = setInterval(tell, PROGRESS);
  const children = Array.from({ length: cores }, (_, core) => {
    const share = Math.ceil((count - core) / cores);
    const child = apart<Verdict>('schedules.ts', [seed + core, share, cores], verdict => {
      done += 1;
      slowest = Math.max(slowest, verdict.convergedIn);
      if (verdict.wrong.length > 0) end(verdict);
    });
    child.once('error', reject);
    child.once('exit', code => {
      running -= 1;
      if (code) reject(new Error(`schedules ended with ${code}`));
      else if (running === 0) end(null);
    });
    return child;
  });
  let isOver = false;
  const end = (wrong: Verdict | null) => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    for (const child of children) child.kill();
    tell();
    if (wrong) say(explain(wrong));
    else say(`all well; the slowest was as it should be ${slowest / 1000} s after the last damage`);
    resolve(wrong === null);
  };
  return promise;
}

function wholeNumber(name: 'schedules' | 'seed'): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0) return number;
  throw new TypeError(`--${name} is ${values[name]}; allowed: a whole number from 1`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
