import {
  type Collection,
  type ErrorKind,
  formatIpv4,
  HedgerowError,
  isErrorOf,
  type New,
  parseIpv4,
  STORE_ERRORS,
  update,
} from '@hedgerow/common';
import type { Claim } from '../model.ts';

export interface PoolRange {
  /** first part of a claim's id: `address` or `subnet` */
  readonly prefix: string;
  readonly first: string;
  readonly last: string;
  /** addresses from one value to the next: 1, or 64 for a /26 */
  readonly step: number;
  /** what a person calls one of them */
  readonly noun: string;
}

/**
 * Values out of a range, each given to one owner. The insert of the claim decides who has it; what is kept in memory
 * only says where it is worth trying, since another root may claim and free, too. The next value is looked for behind
 * the last one given in turn, so that freed ones rest as long as possible. A value that somebody chose is not in turn.
 */
export class Pool {
  readonly #range: PoolRange;
  readonly #claims: Collection<Claim>;
  readonly #exhausted: ErrorKind;
  readonly #first: number;
  readonly #size: number;
  /** by position; "" = somebody's */
  #owners = new Map<number, string>();
  #cursor = 0;
  #unwatch = (): void => {};

  constructor(range: PoolRange, claims: Collection<Claim>, exhausted: ErrorKind) {
    this.#range = range;
    this.#claims = claims;
    this.#exhausted = exhausted;
    this.#first = numberOf(range.first);
    this.#size = (numberOf(range.last) - this.#first) / range.step + 1;
  }

  /** Reads which values are taken, and listens from then on; before the first claim. */
  async load(): Promise<void> {
    this.stop();
    this.#unwatch = this.#claims.watch((id, claim) => {
      const position = this.#positionOf(id);
      if (position === null) return;
      if (claim) this.#owners.set(position, claim.owner);
      else this.#owners.delete(position);
    });
    for (const position of await this.#read()) {
      this.#cursor = Math.max(this.#cursor, (position + 1) % this.#size);
    }
  }

  stop(): void {
    this.#unwatch();
  }

  /** Is this a value of the range? */
  contains(value: string): boolean {
    return this.#position(value) !== null;
  }

  /** @throws the pool's error when every value is taken */
  async claimNext(owner: string): Promise<string> {
    const value = await this.#tryAll(owner);
    if (value !== null) return value;
    // What another root freed may not have been told yet.
    await this.#read();
    const freed = await this.#tryAll(owner);
    if (freed !== null) return freed;
    throw new HedgerowError(this.#exhausted, `all ${this.#size} ${this.#range.noun} are in use`);
  }

  /** One that was chosen. @returns null when it is the owner's now, else who has it */
  async claim(owner: string, value: string): Promise<string | null> {
    const position = this.#position(value);
    if (position === null) throw new TypeError(`${value} is not one of the ${this.#range.noun}`);
    for (;;) {
      if (await this.#insert(position, { id: this.#idOf(value), owner, chosen: true })) return null;
      const claim = await this.#claims.get(this.#idOf(value));
      if (claim) return claim.owner === owner ? null : claim.owner;
    }
  }

  /** @returns the values of an owner */
  async ownedBy(owner: string): Promise<string[]> {
    const claims = await this.#claims.find({ owner });
    return claims
      .filter(c => this.#positionOf(c.id) !== null)
      .map(c => c.id.slice(this.#range.prefix.length + 1));
  }

  /** Frees one value of an owner, or all of them; what is not the owner's stays. */
  async release(owner: string, value?: string): Promise<void> {
    for (const owned of await this.ownedBy(owner)) {
      if (value !== undefined && owned !== value) continue;
      // Of this owner: it may have been freed meanwhile, and be somebody else's.
      const position = this.#position(owned);
      if ((await this.#claims.remove(this.#idOf(owned), { owner })) && position !== null)
        this.#owners.delete(position);
    }
  }

  /** @returns who has it, as far as is known here; undefined = nobody */
  ownerOf(value: string): string | undefined {
    return this.#owners.get(this.#position(value) ?? -1);
  }

  /** What one owner has is another one's from now on. @returns false when the first one has it no more */
  async move(value: string, from: string, to: string): Promise<boolean> {
    const claim = await update(this.#claims, this.#idOf(value), current =>
      current.owner === from ? { ...current, owner: to } : null,
    );
    const position = this.#position(value);
    if (claim?.owner !== to || position === null) return false;
    this.#owners.set(position, to);
    return true;
  }

  /** @returns the values of owners that begin so, with their owners, as far as is known here */
  heldBy(prefix: string): { value: string; owner: string }[] {
    return [...this.#owners]
      .filter(([, owner]) => owner.startsWith(prefix))
      .map(([position, owner]) => ({ value: this.#valueAt(position), owner }));
  }

  /** @returns the positions that were given in turn */
  async #read(): Promise<number[]> {
    const owners = new Map<number, string>();
    const inTurn: number[] = [];
    for (const { id, owner, chosen } of await this.#claims.find()) {
      const position = this.#positionOf(id);
      if (position === null) continue;
      owners.set(position, owner);
      if (!chosen) inTurn.push(position);
    }
    this.#owners = owners;
    return inTurn;
  }

  async #tryAll(owner: string): Promise<string | null> {
    for (let tries = 0; tries < this.#size; tries += 1) {
      const position = this.#cursor;
      this.#cursor = (position + 1) % this.#size;
      if (this.#owners.has(position)) continue;
      const value = this.#valueAt(position);
      if (await this.#insert(position, { id: this.#idOf(value), owner })) return value;
    }
    return null;
  }

  async #insert(position: number, claim: New<Claim>): Promise<boolean> {
    const known = this.#owners.get(position);
    this.#owners.set(position, known ?? '');
    try {
      await this.#claims.insert(claim);
      this.#owners.set(position, claim.owner);
      return true;
    } catch (error) {
      if (isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) return false;
      if (known === undefined) this.#owners.delete(position);
      throw error;
    }
  }

  #idOf(value: string): string {
    return `${this.#range.prefix}/${value}`;
  }

  #valueAt(position: number): string {
    return formatIpv4(this.#first + position * this.#range.step);
  }

  #position(value: string): number | null {
    const address = parseIpv4(value);
    if (address === null) return null;
    const position = (address - this.#first) / this.#range.step;
    return Number.isInteger(position) && position >= 0 && position < this.#size ? position : null;
  }

  #positionOf(claimId: string): number | null {
    const prefix = `${this.#range.prefix}/`;
    return claimId.startsWith(prefix) ? this.#position(claimId.slice(prefix.length)) : null;
  }
}

function numberOf(address: string): number {
  const number = parseIpv4(address);
  if (number === null) throw new TypeError(`not an IPv4 address: ${address}`);
  return number;
}
