/** What happens to a world, as data: drawn from a seed, printed when something is found, and left out one by one. */
import type { Random } from '@hedgerow/common/testing';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * plain: restarted always, elsewhere when its cluster is lost for a minute. once: ends with 0. never: not restarted.
 * waits: for its cluster, as long as it takes. hasty: elsewhere after five seconds. checked: by its worker.
 */
export type Sort = 'plain' | 'once' | 'never' | 'waits' | 'hasty' | 'checked';

/** `pick` (0 … 1) chooses among what there is when it happens; `ms` is how long it lasts. */
export type What =
  | { kind: 'deploy'; application: number; services: number; replicas: number; sort: Sort }
  | { kind: 'scale-up'; pick: number }
  | { kind: 'scale-down'; pick: number }
  | { kind: 'undeploy'; pick: number }
  | { kind: 'withdraw'; who: string; pick: number }
  | { kind: 'update'; pick: number }
  | { kind: 'kill-container'; pick: number }
  | { kind: 'crash-loop'; pick: number; ms: number }
  | { kind: 'kill'; who: string; ms: number }
  | { kind: 'power-off'; who: string; ms: number }
  | { kind: 'freeze'; who: string; ms: number }
  | { kind: 'disk-full'; who: string; ms: number }
  | { kind: 'clock-jump'; who: string; by: number }
  | { kind: 'dock-away'; who: string; ms: number }
  | { kind: 'cut'; line: string; ms: number }
  | { kind: 'break'; line: string };

/** `at`: ms since the beginning */
export type Event = What & { at: number };

/**
 * rough: anything. gentle: nothing that is a reason to start anything anew, so each instance is started exactly once.
 */
export type Temper = 'rough' | 'gentle';

export interface Names {
  root: string;
  clusters: readonly string[];
  workers: readonly string[];
  /** cluster to root, worker to cluster */
  uplinks: readonly string[];
  links: readonly string[];
}

/** ms until everybody knows everybody */
const BEGIN = 3 * SECOND;

export function drawEvents(random: Random, names: Names, temper: Temper): Event[] {
  const draw = temper === 'gentle' ? gentle : rough;
  const count = temper === 'gentle' ? random.int(8, 20) : random.int(12, 30);
  const events: Event[] = [{ at: BEGIN, ...deploy(random, 0, temper) }];
  let long = random.chance(0.12) ? 1 : 0;
  const rests = new Map<string, number>();
  for (let index = 1, at = BEGIN; index < count; index++) {
    at += gap(random, temper);
    const what = draw(random, names, index);
    if (temper === 'gentle' && !mayHappen(rests, what, at)) continue;
    if ('ms' in what && what.ms >= 5 * MINUTE && --long < 0) what.ms = 30 * SECOND;
    events.push({ at: Math.round(at), ...what });
  }
  return events;
}

/** Twice on one place within a short time would be as bad as once for long. */
function mayHappen(rests: Map<string, number>, what: What, at: number): boolean {
  const place = 'who' in what ? what.who : 'line' in what ? (what.line.split('-')[0] ?? '') : '';
  if (place === '') return true;
  if ((rests.get(place) ?? 0) > at) return false;
  const isWorker = place.startsWith('w');
  rests.set(place, at + ('ms' in what ? what.ms : 0) + (isWorker ? 15 : 30) * SECOND);
  return true;
}

function gap(random: Random, temper: Temper): number {
  if (temper === 'gentle') return random.between(4 * SECOND, 12 * SECOND);
  return random.weighted([
    [random.between(0, 50), 3],
    [random.between(50, 1000), 4],
    [random.between(SECOND, 8 * SECOND), 4],
    [random.between(10 * SECOND, 40 * SECOND), 1],
  ]);
}

function deploy(random: Random, application: number, temper: Temper): What {
  return {
    kind: 'deploy',
    application,
    services: random.int(1, 2),
    replicas: random.int(1, 3),
    sort: temper === 'gentle' ? random.pick(['plain', 'plain', 'once']) : random.weighted(SORTS),
  };
}

const SORTS: readonly (readonly [Sort, number])[] = [
  ['plain', 10],
  ['once', 3],
  ['never', 2],
  ['waits', 2],
  ['hasty', 3],
  ['checked', 3],
];

function rough(random: Random, names: Names, index: number): What {
  const pick = random.next();
  const all = [names.root, ...names.clusters, ...names.workers];
  const lasts = random.weighted([
    [SECOND, 5],
    [random.between(SECOND, 10 * SECOND), 4],
    [30 * SECOND, 3],
    [10 * MINUTE, 1],
  ]);
  const ms = Math.round(lasts);
  return random.weighted<What>([
    [deploy(random, random.chance(0.5) ? random.int(0, 2) : index, 'rough'), 3],
    [{ kind: 'scale-up', pick }, 3],
    [{ kind: 'scale-down', pick }, 3],
    [{ kind: 'undeploy', pick }, 2],
    [{ kind: 'withdraw', who: random.pick(names.clusters), pick }, 1],
    [{ kind: 'update', pick }, 1],
    [{ kind: 'kill-container', pick }, 3],
    [{ kind: 'crash-loop', pick, ms: Math.min(ms, 30 * SECOND) }, 1],
    [{ kind: 'kill', who: random.pick(names.workers), ms }, 2],
    [{ kind: 'kill', who: random.pick(names.clusters), ms }, 2],
    [{ kind: 'kill', who: names.root, ms }, 2],
    [{ kind: 'power-off', who: random.pick(names.workers), ms }, 2],
    [{ kind: 'cut', line: random.pick(names.links), ms }, 4],
    [{ kind: 'cut', line: random.pick(names.uplinks), ms }, 3],
    [{ kind: 'break', line: random.pick([...names.links, ...names.uplinks]) }, 2],
    [{ kind: 'freeze', who: random.pick(all), ms: Math.min(ms, 30 * SECOND) }, 3],
    [{ kind: 'disk-full', who: random.pick(all), ms: Math.min(ms, 30 * SECOND) }, 2],
    [{ kind: 'clock-jump', who: random.pick(all), by: random.pick([-3_600_000, 3_600_000]) }, 1],
    [{ kind: 'dock-away', who: random.pick(names.workers), ms: Math.min(ms, 30 * SECOND) }, 1],
  ]);
}

/** Shorter than what makes a worker dead, and what managers may do without anybody noticing. */
function gentle(random: Random, names: Names, index: number): What {
  const all = [names.root, ...names.clusters, ...names.workers];
  const managers = [names.root, ...names.clusters];
  return random.weighted<What>([
    [deploy(random, index, 'gentle'), 2],
    [{ kind: 'scale-up', pick: random.next() }, 3],
    [{ kind: 'kill', who: random.pick(names.workers), ms: random.int(50, 1000) }, 2],
    [{ kind: 'kill', who: random.pick(managers), ms: random.pick([1, 5, 20]) * SECOND }, 3],
    [{ kind: 'cut', line: random.pick(names.links), ms: SECOND }, 3],
    [{ kind: 'cut', line: random.pick(names.uplinks), ms: random.pick([1, 30]) * SECOND }, 3],
    [{ kind: 'break', line: random.pick([...names.links, ...names.uplinks]) }, 3],
    [{ kind: 'freeze', who: random.pick(names.workers), ms: SECOND }, 2],
    [{ kind: 'freeze', who: random.pick(managers), ms: random.pick([1, 20]) * SECOND }, 2],
    [{ kind: 'disk-full', who: random.pick(all), ms: random.pick([1, 20]) * SECOND }, 2],
    [{ kind: 'clock-jump', who: random.pick(all), by: random.pick([-3_600_000, 3_600_000]) }, 2],
  ]);
}

export function printEvent({ at, kind, ...rest }: Event): string {
  const fields = Object.entries(rest).map(([key, value]) => `${key} ${round(value)}`);
  return `${(at / SECOND).toFixed(3).padStart(9)} s  ${[kind, ...fields].join(', ')}`;
}

function round(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value);
}
