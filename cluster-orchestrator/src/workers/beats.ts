import { type BeatInstance, hashInstances } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** One mismatch is a message in flight; two in a row are a difference. */
const MISMATCHES = 2;

/** Compares the hash in a worker's beat with what the cluster believes that the worker has. */
export class Beats {
  readonly #mismatches = new Map<string, number>();

  /** @returns whether the worker should sync */
  differs(workerId: string, hash: number, believed: readonly Instance[]): boolean {
    if (hash === hashOf(believed)) {
      this.#mismatches.delete(workerId);
      return false;
    }
    const count = (this.#mismatches.get(workerId) ?? 0) + 1;
    this.#mismatches.set(workerId, count % MISMATCHES);
    return count >= MISMATCHES;
  }

  forget(workerId: string): void {
    this.#mismatches.delete(workerId);
  }
}

/** An instance that was only just sent to the worker is not there yet; its deadline looks after it. */
export function hashOf(believed: readonly Instance[]): number {
  return hashInstances(believed.filter(instance => instance.status !== 'NODE_SCHEDULED').map(toBeat));
}

function toBeat(instance: Instance): BeatInstance {
  const { service_id, instance_number, generation, epoch, status } = instance;
  return { service_id, instance_number, generation, epoch, status };
}
