/** What the cluster itself decides of an instance: the state, and the move that tells of it. Pure. */
import { type Move, type StatusOf, withMoves } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

export interface Step {
  status: StatusOf<'cluster'>;
  /** a sentence: why; for the history */
  told: string;
  /** "" when no worker has it */
  worker_id: string;
}

/** @param now ms since the epoch */
export function stepped(instance: Instance, step: Step, now: number): Instance {
  const { status, worker_id } = step;
  return {
    ...instance,
    status,
    worker_id,
    status_since: now,
    moves: withMoves(instance.moves, [move(step, now)]),
  };
}

export function move({ status, told, worker_id }: Step, at: number): Move {
  return { at, tier: 'cluster', status, detail: told, worker_id };
}

/** What remains of an instance that an operator removed here. */
export function tombstone(instance: Instance, detail: string, now: number): Instance {
  const { worker_id } = instance;
  return {
    ...stepped(instance, { status: 'UNDEPLOYED', told: detail, worker_id }, now),
    worker_id: '',
    former: '',
    status_detail: detail,
    namespace_ip: '',
  };
}
