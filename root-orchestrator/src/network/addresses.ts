/** Service IPs and instance IPs: one pool, 10.30.0.0/16 without its first and its last address. */
import { addIpv4, type Collection, HedgerowError } from '@hedgerow/common';
import { SERVICE_PREFIX } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Claim } from '../model.ts';
import type { Addresses } from '../ports.ts';
import { Pool, type PoolRange } from './pool.ts';

/** Some programs take the all-zeros and all-ones host of a prefix for a broadcast address. */
export function serviceRange(): PoolRange {
  const [network = '', bits = ''] = SERVICE_PREFIX.split('/');
  return {
    prefix: 'address',
    first: addIpv4(network, 1),
    last: addIpv4(network, 2 ** (32 - Number(bits)) - 2),
    step: 1,
    noun: 'service and instance addresses',
  };
}

export class AddressBook implements Addresses {
  readonly #pool: Pool;
  readonly #range: PoolRange;

  constructor(claims: Collection<Claim>, range: PoolRange = serviceRange()) {
    this.#range = range;
    this.#pool = new Pool(range, claims, ERRORS.ADDRESSES_EXHAUSTED);
  }

  load(): Promise<void> {
    return this.#pool.load();
  }

  stop(): void {
    this.#pool.stop();
  }

  async claimServiceIp(owner: string, wish?: string): Promise<string> {
    if (wish === undefined) return this.#pool.claimNext(owner);
    if (!this.#pool.contains(wish)) throw this.#invalid(wish);
    const holder = await this.#pool.claim(owner, wish);
    if (holder !== null) throw taken(wish, holder);
    return wish;
  }

  claimInstanceIp(owner: string): Promise<string> {
    return this.#pool.claimNext(owner);
  }

  release(owner: string, address?: string): Promise<void> {
    return this.#pool.release(owner, address);
  }

  #invalid(wish: string): HedgerowError {
    const allowed = `an address from ${this.#range.first} to ${this.#range.last} without leading zeros`;
    return new HedgerowError(ERRORS.SERVICE_IP_INVALID, `rr_ip ${JSON.stringify(wish)} is not ${allowed}`, {
      errors: [{ path: 'addresses.rr_ip', found: wish, allowed }],
    });
  }
}

/** Says what kind of thing has the address, never whose it is: it may be another user's. */
function taken(wish: string, holder: string): HedgerowError {
  const kind = holder.startsWith('instance/') ? 'an instance' : 'another service';
  return new HedgerowError(ERRORS.SERVICE_IP_TAKEN, `rr_ip ${wish} belongs to ${kind}`, {
    errors: [
      { path: 'addresses.rr_ip', found: wish, allowed: 'a free address, or none for the next free one' },
    ],
  });
}
