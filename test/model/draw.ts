/** Draws the events of a schedule from its seed. */
import type { Random } from '@hedgerow/common/testing';
import type { Event, First, Names, SiteWhat, Sort, Temper, What } from './events.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** ms until everybody knows everybody */
const BEGIN = 3 * SECOND;

/** What of a kind may happen in one schedule. */
interface Budget {
  /** what lasts for minutes */
  long: number;
  /** what happens to a whole site */
  site: number;
}

export function drawEvents(random: Random, names: Names, temper: Temper): Event[] {
  const draw = temper === 'gentle' ? gentle : rough;
  const count = temper === 'gentle' ? random.int(8, 20) : random.int(12, 30);
  const events: Event[] = [{ at: BEGIN, ...deploy(random, 0, temper) }];
  const budget = { long: random.chance(0.15) ? 1 : 0, site: random.int(0, 3) };
  const rests = new Map<string, number>();
  for (let index = 1, at = BEGIN; index < count; index++) {
    at += gap(random, temper);
    const what = within(budget, draw(random, names, index));
    if (!what || (temper === 'gentle' && !mayHappen(rests, placesOf(what, names), what, at))) continue;
    events.push({ at: Math.round(at), ...what });
  }
  return events;
}

/** @returns null for what is too much */
function within(budget: Budget, what: What): What | null {
  if (isOfSite(what) && --budget.site < 0) return null;
  if (!('ms' in what) || what.ms < 5 * MINUTE || --budget.long >= 0) return what;
  return shortened(what);
}

function shortened<W extends What & { ms: number }>(what: W): W {
  const short = (ms: number) => (ms >= 5 * MINUTE ? 30 * SECOND : ms);
  if (what.kind !== 'blackout') return { ...what, ms: short(what.ms) };
  const [back, manager] = [what.back.map(short), short(what.manager)];
  return { ...what, back, manager, ms: Math.max(manager, ...back) };
}

function isOfSite({ kind }: What): boolean {
  return kind === 'blackout' || kind === 'silence' || kind === 'broker-restart' || kind === 'restore';
}

/** Where it happens: with a whole site, to each of its workers. */
function placesOf(what: What, { workers }: Names): string[] {
  if ('line' in what) return [what.line.split('-')[0] ?? ''];
  if (!('who' in what)) return [];
  const { who } = what;
  const site = isOfSite(what) ? workers.filter(name => name.startsWith(`w${who.slice(1)}`)) : [];
  return [who, ...site];
}

/**
 * Twice on one place within a short time would be as bad as once for long. Workers that are silent for so long that they
 * are given up together get no orders: what was not started yet may be given to another one.
 */
function mayHappen(rests: Map<string, number>, places: readonly string[], what: What, at: number): boolean {
  if (places.some(place => (rests.get(place) ?? 0) > at)) return false;
  if (what.kind === 'deploy' || what.kind === 'scale-up') return (rests.get(ORDERS) ?? 0) <= at;
  if (what.kind === 'silence' && what.ms >= 30 * SECOND) rests.set(ORDERS, at + what.ms + 15 * SECOND);
  for (const place of places) {
    const isWorker = place.startsWith('w');
    rests.set(place, at + ('ms' in what ? what.ms : 0) + (isWorker ? 15 : 30) * SECOND);
  }
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

/** beside the places that rest */
const ORDERS = 'orders';

const FIRST: readonly First[] = ['timers', 'messages'];

function duration(random: Random): number {
  const lasts = random.weighted([
    [SECOND, 5],
    [random.between(SECOND, 10 * SECOND), 4],
    [30 * SECOND, 3],
    [10 * MINUTE, 1],
  ]);
  return Math.round(lasts);
}

function rough(random: Random, names: Names, index: number): What {
  const pick = random.next();
  const all = [names.root, ...names.clusters, ...names.workers];
  const ms = duration(random);
  const brief = Math.min(ms, 30 * SECOND);
  return random.weighted<What>([
    [deploy(random, random.chance(0.5) ? random.int(0, 2) : index, 'rough'), 3],
    [{ kind: 'scale-up', pick }, 3],
    [{ kind: 'scale-down', pick }, 3],
    [{ kind: 'undeploy', pick }, 2],
    [{ kind: 'withdraw', who: random.pick(names.clusters), pick }, 1],
    [{ kind: 'update', pick }, 1],
    [{ kind: 'kill-container', pick }, 3],
    [{ kind: 'crash-loop', pick, ms: brief }, 1],
    [{ kind: 'kill', who: random.pick(names.workers), ms }, 2],
    [{ kind: 'kill', who: random.pick(names.clusters), ms }, 2],
    [{ kind: 'kill', who: names.root, ms }, 2],
    [{ kind: 'power-off', who: random.pick(names.workers), ms }, 2],
    [{ kind: 'cut', line: random.pick([...names.links, ...names.brokerLinks]), ms }, 4],
    [{ kind: 'cut', line: random.pick(names.uplinks), ms }, 3],
    [{ kind: 'break', line: random.pick([...names.links, ...names.uplinks, ...names.brokerLinks]) }, 2],
    [{ kind: 'freeze', who: random.pick(all), first: random.pick(FIRST), ms: brief }, 3],
    [{ kind: 'disk-full', who: random.pick(all), ms: brief }, 2],
    [{ kind: 'clock-jump', who: random.pick(all), by: random.pick([-3_600_000, 3_600_000]) }, 1],
    [{ kind: 'dock-away', who: random.pick(names.workers), ms: brief }, 1],
    [roughSite(random, names, ms), 5],
    [{ kind: 'restore', age: Math.round(random.between(0, MINUTE)), ms: brief }, 0.7],
  ]);
}

/** Outages of whole sites are longer ones: within seconds they are those of each part. */
function roughSite(random: Random, names: Names, ms: number): What {
  const who = random.pick(names.clusters);
  return random.weighted<What>([
    [blackout(random, names, who), 3],
    [{ kind: 'silence', who, root: random.chance(0.3), ms: random.chance(0.3) ? 50 * SECOND : ms }, 2],
    [brokerRestart(random, names, who, ms), 2],
  ]);
}

/** In any order, after seconds or minutes; one in three stays dark for long. */
function blackout(random: Random, { workers }: Names, who: string): SiteWhat {
  const own = workers.filter(name => name.startsWith(`w${who.slice(1)}`));
  const lasts = () =>
    Math.round(random.weighted([[random.between(SECOND, 50 * SECOND), 2] as const, [10 * MINUTE, 1]]));
  const [back, manager] = [own.map(lasts), random.chance(0.4) ? lasts() : 0];
  return { kind: 'blackout', who, manager, back, ms: Math.max(manager, ...back) };
}

/** One that lives in its cluster's process is started again with it. */
function brokerRestart(random: Random, { brokerLinks }: Names, who: string, ms: number): What {
  return brokerLinks.length > 0
    ? { kind: 'broker-restart', who, forgets: random.chance(0.5), ms }
    : { kind: 'kill', who, ms };
}

/** Shorter than what makes a worker dead, and what managers may do without anybody noticing. */
function gentle(random: Random, names: Names, index: number): What {
  const all = [names.root, ...names.clusters, ...names.workers];
  const managers = [names.root, ...names.clusters];
  const first = random.pick(FIRST);
  return random.weighted<What>([
    [deploy(random, index, 'gentle'), 2],
    [{ kind: 'scale-up', pick: random.next() }, 3],
    [{ kind: 'kill', who: random.pick(names.workers), ms: random.int(50, 1000) }, 2],
    [{ kind: 'kill', who: random.pick(managers), ms: random.pick([1, 5, 20]) * SECOND }, 3],
    [{ kind: 'cut', line: random.pick(names.links), ms: SECOND }, 3],
    [{ kind: 'cut', line: random.pick(names.uplinks), ms: random.pick([1, 30]) * SECOND }, 3],
    [{ kind: 'break', line: random.pick([...names.links, ...names.uplinks]) }, 3],
    [{ kind: 'freeze', who: random.pick(names.workers), first, ms: SECOND }, 2],
    [{ kind: 'freeze', who: random.pick(managers), first, ms: random.pick([1, 20]) * SECOND }, 2],
    [{ kind: 'disk-full', who: random.pick(all), ms: random.pick([1, 20]) * SECOND }, 2],
    [{ kind: 'clock-jump', who: random.pick(all), by: random.pick([-3_600_000, 3_600_000]) }, 2],
    [gentleSite(random, names), 3],
  ]);
}

/** Who hears nobody at all waits for all of them; after half a minute another cluster may be given what they run. */
function gentleSite(random: Random, names: Names): What {
  const who = random.pick(names.clusters);
  const ms = random.pick(names.clusters.length === 1 ? [1, 20, 45] : [1, 10, 25]) * SECOND;
  return random.weighted<What>([
    [{ kind: 'silence', who, root: random.chance(0.3), ms }, 2],
    [brokerRestart(random, names, who, random.pick([1, 20]) * SECOND), 1],
  ]);
}
