/** Order statistics of small samples, and the order in which the arms of a comparison take turns. */
export interface Spread {
  count: number;
  min: number;
  q1: number;
  median: number;
  q3: number;
  max: number;
}

/** Linear interpolation between the two nearest values (the usual "type 7"). @throws on an empty sample */
export function quantile(sample: readonly number[], share: number): number {
  if (sample.length === 0) throw new RangeError('no values to take a quantile of');
  const sorted = [...sample].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5);
}

export function spread(sample: readonly number[]): Spread {
  const [min, q1, middle, q3, max] = [0, 0.25, 0.5, 0.75, 1].map(share => quantile(sample, share));
  return { count: sample.length, min, q1, median: middle, q3, max } as Spread;
}

/** `median 151 (quartiles 147–160, n 20)`, for the method of a figure. */
export function describe(sample: readonly number[], digits = 1): string {
  const s = spread(sample);
  const text = (value: number) => value.toFixed(digits);
  return `median ${text(s.median)} (quartiles ${text(s.q1)}–${text(s.q3)}, n ${s.count})`;
}

/** Ratio of each pair. Both samples come from `interleave`, so equal places were measured next to each other. */
export function pairRatios(over: readonly number[], under: readonly number[]): number[] {
  if (over.length !== under.length) throw new RangeError('pairs need samples of the same size');
  return over.map((value, at) => value / (under[at] as number));
}

/**
 * Runs every arm once per round, each round in the opposite order of the one before (A B, B A, A B, …), so that a
 * drift of the machine falls on all arms alike.
 */
export async function interleave<A extends Arms>(rounds: number, arms: A): Promise<Results<A>> {
  const names = Object.keys(arms) as (keyof A & string)[];
  const results = Object.fromEntries(names.map(name => [name, [] as unknown[]]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      results[name]?.push(await arms[name]?.(round));
    }
  }
  return results as Results<A>;
}

type Arms = Readonly<Record<string, (round: number) => Promise<unknown>>>;
type Results<A extends Arms> = { [K in keyof A]: Awaited<ReturnType<A[K]>>[] };
