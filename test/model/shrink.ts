import { run, type Verdict } from './run.ts';
import type { Encoding } from './wire/encoding.ts';

/** Leaves out, one by one, the events without which it goes wrong in the same way. */
export async function shrink(verdict: Verdict, encoding: Encoding): Promise<Verdict> {
  const kind = kindOf(verdict);
  let least = verdict;
  for (let index = verdict.events.length - 1; index >= 0; index--) {
    const events = least.events.filter((_, at) => at !== index);
    const fewer = await run({ seed: verdict.seed, encoding, events });
    if (kindOf(fewer) === kind) least = fewer;
  }
  return least;
}

/** What is wrong, whoever it happens to and whenever. */
function kindOf({ wrong }: Verdict): string {
  return (wrong[0] ?? '').replaceAll(/[0-9a-f]*\d[0-9a-f./]*/g, '').slice(0, 60);
}
