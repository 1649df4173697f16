/**
 * The instance states: one ordered table that every tier reads. Spelling is Oakestra's, whose clients reject
 * unknown words. `writer` is the only tier that may write the state; `deadline` (ms) is how long an instance may
 * stay in a non-final state before the writer of `onDeadline` acts.
 */
export type Tier = 'root' | 'cluster' | 'worker';

export interface StatusRow {
  readonly writer: Tier;
  readonly final: boolean;
  readonly next: readonly Status[];
  readonly deadline: number | null;
  readonly onDeadline: string | null;
}

const SECOND = 1000;
const REPLACED = ['REQUESTED', 'CLUSTER_SCHEDULED', 'NODE_SCHEDULED', 'UNDEPLOYED'] as const;
/**
 * What a worker says of an instance that it was given; also one that had been given up and is back before there was
 * room elsewhere: what still runs there is kept.
 */
const REPORTED = ['CREATING', 'CREATED', 'RUNNING', 'COMPLETED', 'FAILED', 'DEAD', ...REPLACED] as const;

const TABLE = {
  REQUESTED: row(
    'root',
    [
      'CLUSTER_SCHEDULED',
      'TargetClusterNotFound',
      'TargetClusterNotActive',
      'TargetClusterNoCapacity',
      'NoActiveClusterWithCapacity',
      'UNDEPLOYED',
    ],
    10 * SECOND,
    'scheduled again',
  ),
  TargetClusterNotFound: row('root', REPLACED, 10 * SECOND, 'scheduled again'),
  TargetClusterNotActive: row('root', REPLACED, 10 * SECOND, 'scheduled again'),
  TargetClusterNoCapacity: row('root', REPLACED, 10 * SECOND, 'scheduled again'),
  NoActiveClusterWithCapacity: row('root', REPLACED, 10 * SECOND, 'scheduled again'),
  CLUSTER_SCHEDULED: row(
    'root',
    [
      'NODE_SCHEDULED',
      'NO_WORKER_CAPACITY',
      'NO_QUALIFIED_WORKER_FOUND',
      'NO_NODE_FOUND',
      'REQUESTED',
      'UNDEPLOYED',
    ],
    15 * SECOND,
    'asked again',
  ),
  NO_WORKER_CAPACITY: row('cluster', REPORTED, 10 * SECOND, 'scheduled again'),
  NO_QUALIFIED_WORKER_FOUND: row('cluster', REPORTED, 10 * SECOND, 'scheduled again'),
  NO_NODE_FOUND: row('cluster', REPORTED, 10 * SECOND, 'scheduled again'),
  NODE_SCHEDULED: row('cluster', REPORTED, 15 * SECOND, 'sent again, then placed again'),
  CREATING: row(
    'worker',
    ['CREATED', 'RUNNING', 'COMPLETED', 'FAILED', 'DEAD', ...REPLACED],
    600 * SECOND,
    'placed again',
  ),
  CREATED: row(
    'worker',
    ['RUNNING', 'COMPLETED', 'FAILED', 'DEAD', ...REPLACED],
    60 * SECOND,
    'placed again',
  ),
  RUNNING: row('worker', ['COMPLETED', 'FAILED', 'DEAD', 'CREATING', ...REPLACED], null, null),
  FAILED: row(
    'worker',
    ['CREATING', 'CREATED', 'RUNNING', 'COMPLETED', 'DEAD', ...REPLACED],
    600 * SECOND,
    'placed again',
  ),
  DEAD: row(
    'worker',
    ['CREATING', 'CREATED', 'RUNNING', 'COMPLETED', 'FAILED', ...REPLACED],
    600 * SECOND,
    'placed again',
  ),
  COMPLETED: row('worker', ['UNDEPLOYED'], null, null, true),
  UNDEPLOYED: row('worker', [], null, null, true),
} as const satisfies Record<string, RawRow>;

interface RawRow {
  readonly writer: Tier;
  readonly final: boolean;
  readonly next: readonly string[];
  readonly deadline: number | null;
  readonly onDeadline: string | null;
}

function row(
  writer: Tier,
  next: readonly string[],
  deadline: number | null,
  onDeadline: string | null,
  final = false,
): RawRow {
  return { writer, final, next, deadline, onDeadline };
}

export type Status = keyof typeof TABLE;

/** The table, in the order of an instance's life. */
export const STATUSES: Readonly<Record<Status, StatusRow>> = TABLE as unknown as Record<Status, StatusRow>;

export function isStatus(word: string): word is Status {
  return Object.hasOwn(TABLE, word);
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
  'DEAD',
]);

/** Does a worker run an instance in this state, or is about to? */
export function isPlaced(status: Status): boolean {
  return PLACED.has(status);
}
