/** Looks for each mistake, and says as a line of JSON what came of it: `find-mistakes.ts SCHEDULES`. */
import { MISTAKES, type Mistake } from './mistakes.ts';
import { planOf } from './plan.ts';
import { run } from './run.ts';
import { loadEncoding } from './wire/encoding.ts';

/** `seed`: of the first schedule in which it shows; null = in none */
export interface Search {
  mistake: string;
  seed: number | null;
}

/** ms; without a mistake it takes a fifth of that */
const PATIENCE = 200_000;

const encoding = loadEncoding();
const schedules = Number(process.argv[2]);

for (const [mistake, made] of Object.entries(MISTAKES))
  process.stdout.write(`${JSON.stringify({ mistake, seed: await findIn(made) } satisfies Search)}\n`);

async function findIn({ make, on }: Mistake): Promise<number | null> {
  for (let seed = 1; seed <= schedules; seed++) {
    if (on && !on(planOf(seed))) continue;
    const { wrong } = await run({ seed, encoding, mutate: make(), patience: PATIENCE });
    if (wrong.length > 0) return seed;
  }
  return null;
}
