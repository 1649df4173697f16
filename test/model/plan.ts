/** What a seed draws: a world's size, its weather, and what happens to it. */
import { Random } from '@hedgerow/common/testing';
import { CALM, ROUGH, type Weather } from '../support/faults/line.ts';
import { drawEvents } from './draw.ts';
import type { Event, Names, Temper } from './events.ts';

export interface Size {
  clusters: number;
  /** of each cluster */
  workers: number;
}

export interface Plan {
  temper: Temper;
  size: Size;
  /** are the brokers processes of their own? */
  outside: boolean;
  weather: Weather;
  /** of lines, programs and machines */
  seed: number;
  /** of what processes leave to chance */
  chance: Random;
  events: readonly Event[];
}

const SIZES: readonly Size[] = [
  { clusters: 2, workers: 3 },
  { clusters: 2, workers: 2 },
  { clusters: 1, workers: 3 },
];

export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const chance = random.fork();
  const temper = random.chance(0.3) ? 'gentle' : 'rough';
  const size = random.pick(SIZES);
  const weather = temper === 'gentle' || random.chance(0.5) ? CALM : ROUGH;
  const drawn = random.int(1, 2 ** 31);
  const outside = random.chance(0.3);
  const events = drawEvents(random, namesOf(size, outside), temper);
  return { temper, size, outside, weather, seed: drawn, chance, events };
}

/** Who and what there is in a world of this size. */
function namesOf(size: Size, outside: boolean): Names {
  const sites = Array.from({ length: size.clusters }, (_, index) => index + 1);
  const workers = sites.flatMap(site =>
    Array.from({ length: size.workers }, (_, index) => ({
      name: `w${site}${index + 1}`,
      cluster: `c${site}`,
    })),
  );
  return {
    root: 'root',
    clusters: sites.map(site => `c${site}`),
    workers: workers.map(({ name }) => name),
    uplinks: sites.map(site => `c${site}-root`),
    links: workers.map(({ name, cluster }) => `${name}-${cluster}`),
    brokerLinks: outside ? sites.map(site => `c${site}-b${site}`) : [],
  };
}
