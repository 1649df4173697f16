import type { Collection, Logger } from '@hedgerow/common';
import {
  FIRST_WORKER_SUBNET,
  LAST_WORKER_SUBNET,
  type SubnetHold,
  WORKER_SUBNET_BITS,
} from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Claim } from '../model.ts';
import { Pool, type PoolRange } from './pool.ts';

export function workerRange(): PoolRange {
  return {
    prefix: 'subnet',
    first: FIRST_WORKER_SUBNET,
    last: LAST_WORKER_SUBNET,
    step: 2 ** (32 - WORKER_SUBNET_BITS),
    noun: 'worker subnets',
  };
}

/** Worker subnets: a /26 per worker, kept until its cluster gives it back. */
export class Subnets {
  readonly #pool: Pool;

  constructor(claims: Collection<Claim>, range: PoolRange = workerRange()) {
    this.#pool = new Pool(range, claims, ERRORS.ADDRESSES_EXHAUSTED);
  }

  load(): Promise<void> {
    return this.#pool.load();
  }

  stop(): void {
    this.#pool.stop();
  }

  /** The same worker gets the same subnet again. @returns its network address @throws ADDRESSES_EXHAUSTED */
  async claim(clusterId: string, workerId: string): Promise<string> {
    const owner = ownerOf(clusterId, workerId);
    const [held] = await this.#pool.ownedBy(owner);
    return held ?? (await this.#pool.claimNext(owner));
  }

  release(clusterId: string, workerId: string): Promise<void> {
    return this.#pool.release(ownerOf(clusterId, workerId));
  }

  /**
   * Makes the claims of a cluster what its Hello says: a grant that never reached it is free again. One that it has
   * and the store does not, which was put back to an older state, is claimed.
   */
  async settle(clusterId: string, holds: readonly SubnetHold[], log: Logger): Promise<void> {
    const held = new Map(holds.map(({ worker_id, subnet }) => [ownerOf(clusterId, worker_id), subnet]));
    const known = this.#pool.heldBy(ownerOf(clusterId, ''));
    for (const { owner, value } of known) {
      if (held.get(owner) === value) continue;
      log.warn({ owner, subnet: value }, 'a worker subnet that its cluster does not know is free again');
      await this.#pool.release(owner, value);
    }
    for (const [owner, subnet] of held) {
      if (known.some(claim => claim.owner === owner && claim.value === subnet)) continue;
      if (this.#pool.contains(subnet)) await this.#claimAgain(owner, subnet, log);
    }
  }

  async #claimAgain(owner: string, subnet: string, log: Logger): Promise<void> {
    const holder = await this.#pool.claim(owner, subnet);
    if (holder === null) log.warn({ owner, subnet }, 'a worker has a subnet that was not claimed; it is now');
    else log.error({ owner, subnet, holder }, 'a worker has a subnet that belongs to another one');
  }
}

function ownerOf(clusterId: string, workerId: string): string {
  return `worker/${clusterId}/${workerId}`;
}
