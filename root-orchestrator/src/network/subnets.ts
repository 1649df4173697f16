import { type Collection, type Logger, messageOf, SerialByKey } from '@hedgerow/common';
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

/** What a cluster is told that it did not ask for: the holder has this subnet from now on, and not the one that it named. */
export interface Regrant {
  cluster_id: string;
  worker_id: string;
  subnet: string;
  was: string;
}

export interface CompareDeps {
  /** @returns how many instances of a cluster have their address from a subnet */
  using(clusterId: string, subnet: string): number;
  log: Logger;
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
   *
   * @returns what others are to be told: one of two that have the same gets another one
   */
  async compare(clusterId: string, holds: readonly SubnetHold[], deps: CompareDeps): Promise<Regrant[]> {
    const held = new Map(holds.map(({ worker_id, subnet }) => [ownerOf(clusterId, worker_id), subnet]));
    const known = new Map(
      this.#pool.heldBy(ownerOf(clusterId, '')).map(({ owner, value }) => [owner, value]),
    );
    for (const [owner, subnet] of known) {
      if (held.get(owner) === subnet) this.#doubted.delete(owner);
      else this.#doubted.set(owner, subnet);
    }
    const regrants: (Regrant | null)[] = [];
    for (const [owner, subnet] of held) {
      if (known.get(owner) !== subnet && this.#pool.contains(subnet))
        regrants.push(await this.#inTurn([CONTEST, owner], () => this.#claimAgain(owner, subnet, deps)));
    }
    return regrants.filter(regrant => regrant !== null);
  }

  /** Is it a worker's of this cluster, or nobody's? */
  isFreeFor(clusterId: string, subnet: string): boolean {
    return this.#pool.ownerOf(subnet)?.startsWith(ownerOf(clusterId, '')) ?? true;
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

  async #claimAgain(owner: string, subnet: string, deps: CompareDeps): Promise<Regrant | null> {
    const { log } = deps;
    const other = await this.#pool.claim(owner, subnet);
    if (other !== null) return this.#inTurn([other], () => this.#contest({ owner, other, subnet }, deps));
    log.warn({ owner, subnet }, 'a worker has a subnet that was not claimed; it is now');
    return null;
  }

  /** Two have the same. Who has more to lose keeps it, else who has it by the store; the other one gets another. */
  async #contest({ owner, other, subnet }: Contest, { using, log }: CompareDeps): Promise<Regrant | null> {
    const own = await this.#pool.ownedBy(owner);
    const isForgotten = this.#doubted.get(other) === subnet;
    const hasMore = using(clusterOf(owner), subnet) > using(clusterOf(other), subnet);
    // who was given another one already, and has not heard of it, gets that one
    const wins =
      own.length === 0 && (isForgotten || hasMore) && (await this.#pool.move(subnet, other, owner));
    const [keeps, leaves] = wins ? [owner, other] : [other, owner];
    if (isForgotten && wins) this.#doubted.delete(other);
    log.warn({ subnet, keeps, leaves }, 'two workers have the same subnet');
    return isForgotten && wins ? null : this.#regrant(leaves, subnet, log);
  }

  async #regrant(owner: string, was: string, log: Logger): Promise<Regrant | null> {
    try {
      const [held] = await this.#pool.ownedBy(owner);
      const subnet = held ?? (await this.#pool.claimNext(owner));
      this.#doubted.delete(owner);
      return { cluster_id: clusterOf(owner), worker_id: owner.split('/')[2] ?? '', subnet, was };
    } catch (error) {
      log.error(
        { owner, was, error: messageOf(error) },
        'a worker has another one’s subnet and got no other one',
      );
      return null;
    }
  }

  /** Only who has the first turn of `CONTEST` waits for a second one, so that no two wait for each other. */
  #inTurn<R>([first, ...rest]: readonly string[], task: () => Promise<R>): Promise<R> {
    if (first === undefined) return task();
    return this.#turns.run(first, () => this.#inTurn(rest, task));
  }
}

/** a turn that is no owner's */
const CONTEST = 'contest';

/** `owner` says that it has it, `other` has it by the store. */
interface Contest {
  owner: string;
  other: string;
  subnet: string;
}

function clusterOf(owner: string): string {
  return owner.split('/')[1] ?? '';
}

function ownerOf(clusterId: string, workerId: string): string {
  return `worker/${clusterId}/${workerId}`;
}
