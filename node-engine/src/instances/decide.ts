/** What to do about one instance: desired × observed → action. Pure; the whole reconciliation is this table. */
import type { Observed } from '../runtimes/runtime.ts';

export interface Wanted {
  service_id: string;
  generation: number;
  epoch: number;
  one_shot: boolean;
  /** it has done its work, or was given up: it is not run again */
  ended: boolean;
}

export type Seen = Pick<
  Observed,
  'service_id' | 'generation' | 'epoch' | 'state' | 'pid' | 'exitCode' | 'container'
>;

/** What the engine itself knows of the container. */
export interface Known {
  /** pid that this engine wired (or left alone, without an overlay); null = none */
  wiredPid: number | null;
  /** of its health check; one without a check has passed */
  health: 'waiting' | 'passed' | 'failed';
  /** it has been told as RUNNING */
  serves: boolean;
  /** it ran when the machine or the runtime went down: its end was not its own */
  takenAlong: boolean;
}

export type Action =
  /** as wanted */
  | 'nothing'
  /** create and start; an outdated, half-made or taken along container is removed first */
  | 'start'
  /** it runs but this engine has not wired this process: attach it and release its hold */
  | 'adopt'
  /** it has passed its health check: say so */
  | 'serve'
  /** it has failed its health check: take it out of the service IP, stop it and start it again */
  | 'heal'
  /** it ended by itself: say so, clear it away, and do what its restart policy says */
  | 'conclude'
  /** clear away the container of one that is not run again */
  | 'clear'
  /** not wanted any more */
  | 'remove';

export function decide(wanted: Wanted | null, seen: Seen | null, known: Known): Action {
  if (!wanted) return 'remove';
  if (wanted.ended) return seen ? 'clear' : 'nothing';
  if (!seen || !isCurrent(wanted, seen) || seen.state === 'created') return 'start';
  if (seen.state === 'running') return seen.pid === known.wiredPid ? whileRunning(known) : 'adopt';
  const done = wanted.one_shot && seen.exitCode === 0;
  return known.takenAlong && !done ? 'start' : 'conclude';
}

function whileRunning({ health, serves }: Known): Action {
  if (health === 'failed') return 'heal';
  return health === 'passed' && !serves ? 'serve' : 'nothing';
}

function isCurrent(
  wanted: Pick<Wanted, 'service_id' | 'generation' | 'epoch'>,
  seen: Pick<Seen, 'service_id' | 'generation' | 'epoch'>,
): boolean {
  return (
    seen.service_id === wanted.service_id &&
    seen.generation === wanted.generation &&
    seen.epoch === wanted.epoch
  );
}

/**
 * Compares a command with what is stored. Generation is of the service's specification, epoch of the placement; both
 * only grow, so a late message is recognised. Another service under the same name is always new.
 */
export function compareCommand(
  stored: Pick<Wanted, 'service_id' | 'generation' | 'epoch'>,
  command: Pick<Wanted, 'service_id' | 'generation' | 'epoch'>,
): 'newer' | 'same' | 'older' {
  if (stored.service_id !== command.service_id) return 'newer';
  const difference = command.generation - stored.generation || command.epoch - stored.epoch;
  return difference > 0 ? 'newer' : difference === 0 ? 'same' : 'older';
}
