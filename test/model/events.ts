/** What happens to a world, as data: drawn from a seed, printed when something is found, and left out one by one. */

/**
 * plain: restarted always, elsewhere when its cluster is lost for a minute. once: ends with 0. never: not restarted.
 * waits: for its cluster, as long as it takes. hasty: elsewhere after five seconds. checked: by its worker.
 */
export type Sort = 'plain' | 'once' | 'never' | 'waits' | 'hasty' | 'checked';

/** What a process that stood still turns to first: timers that ran out, or what has come meanwhile. */
export type First = 'timers' | 'messages';

/** `pick` (0 … 1) chooses among what there is when it happens; `ms` is how long it lasts, and `back` until each is back. */
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
  | { kind: 'freeze'; who: string; first: First; ms: number }
  | { kind: 'disk-full'; who: string; ms: number }
  | { kind: 'clock-jump'; who: string; by: number }
  | { kind: 'dock-away'; who: string; ms: number }
  | { kind: 'cut'; line: string; ms: number }
  | { kind: 'break'; line: string }
  | SiteWhat
  /** the root's store is put back to what it was `age` ms before */
  | { kind: 'restore'; age: number; ms: number };

/** `who` is the cluster. */
export type SiteWhat =
  /** the power of all its workers goes at once, and its manager's (`manager`: ms until it is back; 0 = it stays) */
  | { kind: 'blackout'; who: string; manager: number; back: readonly number[]; ms: number }
  /** no worker can be heard; `root`: nor the root */
  | { kind: 'silence'; who: string; root: boolean; ms: number }
  /** an outside one; `forgets`: it kept its sessions in memory only */
  | { kind: 'broker-restart'; who: string; forgets: boolean; ms: number };

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
  /** cluster to root, worker to cluster, cluster to its outside broker */
  uplinks: readonly string[];
  links: readonly string[];
  brokerLinks: readonly string[];
}

export function printEvent({ at, kind, ...rest }: Event): string {
  const fields = Object.entries(rest).map(([key, value]) => `${key} ${round(value)}`);
  return `${(at / 1000).toFixed(3).padStart(9)} s  ${[kind, ...fields].join(', ')}`;
}

function round(value: unknown): string {
  if (Array.isArray(value)) return value.map(round).join(' ');
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value);
}
