/**
 * The instance states: one ordered table that every tier reads. Spelling is Oakestra's, whose clients reject
 * unknown words. Only `writers` may write the state, others pass on what they were told; `deadline` (ms) is how long
 * an instance may stay in a non-final state before `actor` does `onDeadline`.
 */
export type Tier = 'root' | 'cluster' | 'worker';

export interface StatusRow {
  readonly writers: readonly Tier[];
  readonly final: boolean;
  readonly next: readonly Status[];
  readonly deadline: number | null;
  /** null for a state that may last */
  readonly actor: Tier | null;
  readonly onDeadline: string | null;
}

const SECOND = 1000;
const LASTS = { final: false, deadline: null, actor: null, onDeadline: null } as const;
const FINAL = { final: true, deadline: null, actor: null, onDeadline: null } as const;
const REPLACED = ['REQUESTED', 'CLUSTER_SCHEDULED', 'NODE_SCHEDULED', 'UNDEPLOYED'] as const;
/**
 * What a worker says of an instance that it was given; also one that had been given up and is back before there was
 * room elsewhere: what still runs there is kept.
 */
const REPORTED = ['CREATING', 'CREATED', 'RUNNING', 'COMPLETED', 'FAILED', 'DEAD', ...REPLACED] as const;

const AGAIN = 'scheduled again';
const ELSEWHERE = 'placed again';

const TABLE = {
  REQUESTED: row(
    ['root'],
    [
      'CLUSTER_SCHEDULED',
      'TargetClusterNotFound',
      'TargetClusterNotActive',
      'TargetClusterNoCapacity',
      'NoActiveClusterWithCapacity',
      'UNDEPLOYED',
    ],
    within(10, 'root', AGAIN),
  ),
  TargetClusterNotFound: row(['root'], REPLACED, within(10, 'root', AGAIN)),
  TargetClusterNotActive: row(['root'], REPLACED, within(10, 'root', AGAIN)),
  TargetClusterNoCapacity: row(['root'], REPLACED, within(10, 'root', AGAIN)),
  NoActiveClusterWithCapacity: row(['root'], REPLACED, within(10, 'root', AGAIN)),
  CLUSTER_SCHEDULED: row(
    ['root'],
    [
      'NODE_SCHEDULED',
      'NO_WORKER_CAPACITY',
      'NO_QUALIFIED_WORKER_FOUND',
      'NO_NODE_FOUND',
      'REQUESTED',
      'UNDEPLOYED',
    ],
    within(15, 'root', 'asked again; of a lost cluster, see on_cluster_loss'),
  ),
  NO_WORKER_CAPACITY: row(['cluster'], REPORTED, within(10, 'cluster', AGAIN)),
  NO_QUALIFIED_WORKER_FOUND: row(['cluster'], REPORTED, within(10, 'cluster', AGAIN)),
  NO_NODE_FOUND: row(['cluster'], REPORTED, within(10, 'cluster', AGAIN)),
  NODE_SCHEDULED: row(['cluster'], REPORTED, within(15, 'cluster', 'sent again, then placed again')),
  CREATING: row(
    ['worker'],
    ['CREATED', 'RUNNING', 'COMPLETED', 'FAILED', 'DEAD', ...REPLACED],
    within(600, 'cluster', ELSEWHERE),
  ),
  CREATED: row(
    ['worker'],
    ['RUNNING', 'COMPLETED', 'FAILED', 'DEAD', 'CREATING', ...REPLACED],
    within(660, 'cluster', ELSEWHERE),
  ),
  RUNNING: row(['worker'], ['COMPLETED', 'FAILED', 'DEAD', 'CREATING', ...REPLACED], LASTS),
  FAILED: row(
    ['worker'],
    ['CREATING', 'CREATED', 'RUNNING', 'COMPLETED', 'DEAD', ...REPLACED],
    within(600, 'cluster', ELSEWHERE),
  ),
  COMPLETED: row(['worker'], ['UNDEPLOYED'], FINAL),
  DEAD: row(['worker'], ['UNDEPLOYED'], FINAL),
  UNDEPLOYED: row(['worker', 'cluster'], [], FINAL),
} as const satisfies Record<string, RawRow>;

interface RawRow extends Omit<StatusRow, 'next'> {
  readonly next: readonly string[];
}

type End = Pick<StatusRow, 'final' | 'deadline' | 'actor' | 'onDeadline'>;

function within(seconds: number, actor: Tier, onDeadline: string): End {
  return { final: false, deadline: seconds * SECOND, actor, onDeadline };
}

function row<const W extends readonly Tier[]>(writers: W, next: readonly string[], end: End) {
  return { writers, next, ...end };
}

export type Status = keyof typeof TABLE;

/** The states that a tier may write. */
export type StatusOf<T extends Tier> = {
  [S in Status]: T extends (typeof TABLE)[S]['writers'][number] ? S : never;
}[Status];

/** The table, in the order of an instance's life. */
export const STATUSES: Readonly<Record<Status, StatusRow>> = TABLE as unknown as Record<Status, StatusRow>;

export function isStatus(word: string): word is Status {
  return Object.hasOwn(TABLE, word);
}

/** May this tier say of its own that an instance is in this state? Others pass on what they were told. */
export function isWrittenBy(tier: Tier, status: Status): boolean {
  return STATUSES[status].writers.includes(tier);
}

/** Staying in a state is always legal: a repeated report changes nothing. */
export function canMove(from: Status, to: Status): boolean {
  return from === to || STATUSES[from].next.includes(to);
}

const PLACED: ReadonlySet<Status> = new Set<Status>([
  'NODE_SCHEDULED',
  'CREATING',
  'CREATED',
  'RUNNING',
  'FAILED',
]);

/** Does a worker run an instance in this state, or is about to? */
export function isPlaced(status: Status): boolean {
  return PLACED.has(status);
}
