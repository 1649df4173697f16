/**
 * One filter per requirement. `fixed` filters ask what a worker is: when they leave none, no worker is qualified.
 * `room` filters ask what it has left: when they leave none, there is no capacity.
 */
import { architectureOf, INSTANCES_PER_WORKER } from '@hedgerow/protos';
import { type Demand, free, type Quantity, type Seat } from './types.ts';

export interface Filter {
  name: string;
  kind: 'fixed' | 'room';
  keeps(seat: Seat, demand: Demand): boolean;
  /** @param tried the workers that this filter refused, all that were left before it */
  missing(demand: Demand, tried: readonly Seat[]): string;
}

/** Orders that may wait for one worker: a worker that reads slowly is passed over, and the others are not held up. */
const MOST_ORDERS = 200;

export const FILTERS: readonly Filter[] = [
  {
    name: 'live',
    kind: 'fixed',
    keeps: seat => seat.presence !== 'away',
    missing: (_, tried) =>
      tried.length === 0
        ? 'this cluster has no workers'
        : `no worker of this cluster is live (registered: ${names(tried)})`,
  },
  {
    name: 'virtualization',
    kind: 'fixed',
    keeps: (seat, demand) => seat.offer.virtualization.includes(demand.virtualization),
    missing: (demand, tried) =>
      `needs the runtime ${demand.virtualization}; none of ${workers(tried)} has it (they have ${list(tried.flatMap(seat => seat.offer.virtualization))})`,
  },
  {
    name: 'architecture',
    kind: 'fixed',
    keeps: (seat, { architectures }) =>
      architectures.length === 0 || architectures.includes(architectureOf(seat.offer.architecture)),
    missing: (demand, tried) =>
      `needs the architecture ${demand.architectures.join(' or ')}; none of ${workers(tried)} has it (they have ${list(tried.map(seat => seat.offer.architecture))})`,
  },
  {
    name: 'overlay',
    kind: 'fixed',
    keeps: (seat, demand) => !demand.overlay || seat.offer.overlay,
    missing: (_, tried) => `needs a service IP; ${withoutOverlay(tried)}`,
  },
  {
    name: 'direct',
    kind: 'fixed',
    keeps: (seat, demand) => demand.workers === null || demand.workers.includes(seat.offer.hostname),
    missing: (demand, tried) =>
      `its direct constraint allows ${(demand.workers ?? []).join(', ')}; none of ${workers(tried)} has such a host name (there are ${names(tried)})`,
  },
  {
    name: 'backlog',
    kind: 'room',
    keeps: seat => seat.backlog < MOST_ORDERS,
    missing: (_, tried) =>
      `needs a worker that takes orders; ${MOST_ORDERS} wait for ${tried.length === 1 ? names(tried) : `each of ${workers(tried)}`}`,
  },
  roomFor('vcpus', amount => `${amount} ${amount === 1 ? 'core' : 'cores'}`),
  roomFor('memory', amount => `${amount} MiB`),
  roomFor('vgpus', amount => `${amount} ${amount === 1 ? 'GPU' : 'GPUs'}`),
  {
    name: 'ports',
    kind: 'room',
    keeps: (seat, demand) => !demand.ports.some(port => seat.ports.has(port)),
    missing: (demand, tried) => {
      const taken = demand.ports.filter(port => tried.some(seat => seat.ports.has(port)));
      return `needs host port ${taken.join(' and ')}; it is taken on ${tried.length === 1 ? names(tried) : `each of ${workers(tried)}`}`;
    },
  },
  {
    name: 'addresses',
    kind: 'room',
    keeps: (seat, demand) => !demand.overlay || seat.instances.size < INSTANCES_PER_WORKER,
    missing: (_, tried) =>
      `needs an address; each of ${workers(tried)} has all ${INSTANCES_PER_WORKER} of its subnet in use`,
  },
];

function roomFor(quantity: Quantity, show: (amount: number) => string): Filter {
  return {
    name: quantity,
    kind: 'room',
    // 0 is "no limit" and reserves nothing, so it fits a worker that is full
    keeps: (seat, demand) => demand[quantity] === 0 || demand[quantity] <= free(seat, quantity),
    missing: (demand, tried) => {
      const best = Math.max(...tried.map(seat => free(seat, quantity)));
      return `needs ${show(demand[quantity])}; the roomiest of ${workers(tried)} has ${show(rounded(best))} free`;
    },
  };
}

/** What is wrong with one worker is worth a sentence; of several, the first that says why stands for all. */
function withoutOverlay(tried: readonly Seat[]): string {
  const broken = tried.find(({ offer }) => offer.problems.length > 0)?.offer;
  if (!broken) return `none of ${workers(tried)} has a Net Manager`;
  const why = `${broken.hostname}${tried.length === 1 ? ' has none' : ''}: ${broken.problems[0]}`;
  return tried.length === 1 ? `worker ${why}` : `none of ${workers(tried)} has one (${why})`;
}

function rounded(amount: number): number {
  return Math.max(0, Math.floor(amount * 100) / 100);
}

function workers(seats: readonly Seat[]): string {
  return `${seats.length} ${seats.length === 1 ? 'worker' : 'workers'}`;
}

function names(seats: readonly Seat[]): string {
  return list(seats.map(seat => seat.offer.hostname));
}

/** Ten at most: the sentence is for a person. */
function list(words: readonly string[]): string {
  const distinct = [...new Set(words)].sort();
  if (distinct.length === 0) return 'none';
  return distinct.length > 10 ? `${distinct.slice(0, 10).join(', ')}, …` : distinct.join(', ');
}
