import type { Collection } from '@hedgerow/common';
import { FIRST_WORKER_SUBNET, LAST_WORKER_SUBNET, WORKER_SUBNET_BITS } from '@hedgerow/protos';
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

  /** The same worker gets the same subnet again. @returns its network address @throws ADDRESSES_EXHAUSTED */
  async claim(clusterId: string, workerId: string): Promise<string> {
    const owner = ownerOf(clusterId, workerId);
    const [held] = await this.#pool.ownedBy(owner);
    return held ?? (await this.#pool.claimNext(owner));
  }

  release(clusterId: string, workerId: string): Promise<void> {
    return this.#pool.release(ownerOf(clusterId, workerId));
  }
}

function ownerOf(clusterId: string, workerId: string): string {
  return `worker/${clusterId}/${workerId}`;
}
