/** What to do about one instance: desired × observed → action. Pure; the whole reconciliation is this table. */
import type { Observed } from '../runtimes/runtime.ts';

export interface Wanted {
  service_id: string;
  generation: number;
  epoch: number;
  one_shot: boolean;
  /** a one-shot that has done its work is not run again */
  completed: boolean;
}

export type Seen = Pick<
  Observed,
  'service_id' | 'generation' | 'epoch' | 'state' | 'pid' | 'exitCode' | 'container'
>;

export type Action =
  /** as wanted */
  | 'nothing'
  /** create and start; an outdated or half-made container is removed first */
  | 'start'
  /** it runs but this engine has not wired this process: attach it and release its hold */
  | 'adopt'
  /** it ended by itself: say so, clear it away, start again when its time has come */
  | 'restart'
  /** a one-shot ended with 0 */
  | 'complete'
  /** clear away the container of a one-shot that has completed */
  | 'clear'
  /** not wanted any more */
  | 'remove';

/** @param wiredPid pid that this engine wired (or left alone, without an overlay); null = none */
export function decide(wanted: Wanted | null, seen: Seen | null, wiredPid: number | null): Action {
  if (!wanted) return 'remove';
  if (wanted.completed) return seen ? 'clear' : 'nothing';
  if (!seen || !isCurrent(wanted, seen) || seen.state === 'created') return 'start';
  if (seen.state === 'running') return seen.pid === wiredPid ? 'nothing' : 'adopt';
  return wanted.one_shot && seen.exitCode === 0 ? 'complete' : 'restart';
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
