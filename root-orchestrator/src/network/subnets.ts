import { type Collection, type Logger, SerialByKey } from '@hedgerow/common';
import {
  digestSubnets,
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

/**
 * Worker subnets: a /26 per worker, kept until its cluster gives it back. What is done for one worker is done in turn: a
 * claim that is being freed must not be found and granted again.
 */
export class Subnets {
  readonly #pool: Pool;
  /** claims that a cluster did not name, by owner */
  readonly #doubted = new Map<string, string>();
  readonly #turns = new SerialByKey();

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
  claim(clusterId: string, workerId: string): Promise<string> {
    const owner = ownerOf(clusterId, workerId);
    return this.#turns.run(owner, async () => {
      this.#doubted.delete(owner);
      const [held] = await this.#pool.ownedBy(owner);
      return held ?? (await this.#pool.claimNext(owner));
    });
  }

  release(clusterId: string, workerId: string): Promise<void> {
    const owner = ownerOf(clusterId, workerId);
    return this.#turns.run(owner, () => this.#pool.release(owner));
  }

  /** `digestSubnets` of the claims of a cluster. */
  digestOf(clusterId: string): number {
    const prefix = ownerOf(clusterId, '');
    return digestSubnets(
      this.#pool
        .heldBy(prefix)
        .map(({ owner, value }) => ({ worker_id: owner.slice(prefix.length), subnet: value })),
    );
  }

  /** The cluster has named every claim that it holds, in a digest. */
  confirm(clusterId: string): void {
    for (const owner of this.#doubted.keys())
      if (owner.startsWith(ownerOf(clusterId, ''))) this.#doubted.delete(owner);
  }

  /**
   * Compares the claims of a cluster with its Hello. One that only the cluster has is claimed: the store was put back
   * to an older state. One that only the store has is doubted: a grant that never arrived, or a cluster that lost its
   * disk, whose workers ask again and then keep what they had.
   */
  async compare(clusterId: string, holds: readonly SubnetHold[], log: Logger): Promise<void> {
    const held = new Map(holds.map(({ worker_id, subnet }) => [ownerOf(clusterId, worker_id), subnet]));
    const known = new Map(
      this.#pool.heldBy(ownerOf(clusterId, '')).map(({ owner, value }) => [owner, value]),
    );
    for (const [owner, subnet] of known) {
      if (held.get(owner) === subnet) this.#doubted.delete(owner);
      else this.#doubted.set(owner, subnet);
    }
    for (const [owner, subnet] of held) {
      if (known.get(owner) !== subnet && this.#pool.contains(subnet))
        await this.#turns.run(owner, () => this.#claimAgain(owner, subnet, log));
    }
  }

  /** Frees what of a cluster is still doubted. */
  async releaseDoubted(clusterId: string, log: Logger): Promise<void> {
    const mine = [...this.#doubted].filter(([owner]) => owner.startsWith(ownerOf(clusterId, '')));
    for (const [owner, subnet] of mine)
      await this.#turns.run(owner, () => this.#freeDoubted(owner, subnet, log));
  }

  /** Its worker may have asked for it since. */
  async #freeDoubted(owner: string, subnet: string, log: Logger): Promise<void> {
    if (this.#doubted.get(owner) !== subnet) return;
    log.warn({ owner, subnet }, 'a worker subnet that its cluster does not know is free again');
    await this.#pool.release(owner, subnet);
    this.#doubted.delete(owner);
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
