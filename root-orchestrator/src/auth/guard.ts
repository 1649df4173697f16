import { type Clock, HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { Throttle } from './throttle.ts';

/** A password is tried for a user name, from an address. */
export interface Attempt {
  name: string;
  /** as the socket says; "" = over a unix socket */
  address: string;
}

const BY_NAME = { free: 5, first: 1_000, longest: 30_000 };
/** An office or a proxy is one address. */
const BY_ADDRESS = { ...BY_NAME, free: 20 };
/** pairs of name and address that are known to belong together */
const MOST_KNOWN = 10_000;

/**
 * Slows down the guessing of passwords: failures count for the name and for the address. Where somebody logged in before
 * as this user, only failures of this user from there count, so that a stranger elsewhere keeps nobody out of his account.
 */
export class LoginGuard {
  readonly #names: Throttle;
  readonly #addresses: Throttle;
  readonly #pairs: Throttle;
  /** the one that was used last stands last */
  readonly #known = new Set<string>();

  constructor(clock: Clock) {
    this.#names = new Throttle(clock, BY_NAME);
    this.#addresses = new Throttle(clock, BY_ADDRESS);
    this.#pairs = new Throttle(clock, BY_NAME);
  }

  /** @throws LOGIN_DELAYED */
  check(attempt: Attempt): void {
    const held = Math.max(...this.#counters(attempt).map(([throttle, key]) => throttle.heldFor(key)));
    if (held <= 0) return;
    const retryAfter = Math.ceil(held / 1000);
    throw new HedgerowError(
      ERRORS.LOGIN_DELAYED,
      `too many failed logins; the next may be tried in ${retryAfter} s`,
      { retryAfter },
    );
  }

  /** To be followed by `failed` or `succeeded`. @throws LOGIN_DELAYED */
  begin(attempt: Attempt): void {
    this.check(attempt);
    for (const [throttle, key] of this.#counters(attempt)) throttle.begin(key);
  }

  failed(attempt: Attempt): void {
    for (const [throttle, key] of this.#counters(attempt)) throttle.failed(key);
  }

  /** The address stays suspect: whoever guesses may have an account of his own. */
  succeeded(attempt: Attempt): void {
    const pair = pairOf(attempt);
    this.#names.forget(attempt.name);
    this.#pairs.forget(pair);
    this.#known.delete(pair);
    this.#known.add(pair);
    const [oldest] = this.#known;
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  #counters(attempt: Attempt): [Throttle, string][] {
    const pair = pairOf(attempt);
    if (this.#known.has(pair)) return [[this.#pairs, pair]];
    return [
      [this.#names, attempt.name],
      [this.#addresses, networkOf(attempt.address)],
    ];
  }
}

function pairOf({ name, address }: Attempt): string {
  return `${networkOf(address)} ${name}`;
}

/** Whoever has an IPv6 address has all of its /64. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: zeros }, () => '0'), ...right].slice(0, 4).join(':');
}
