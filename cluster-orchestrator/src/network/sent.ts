import type { TableEntry } from '@hedgerow/protos';

/** By job name, the very entries. */
export type Told = ReadonlyMap<string, TableEntry>;

/**
 * What each worker was sent of the table. Of one that was given up it is kept as it was: if that is what it says that it
 * has when it is back, it is told only what has changed since.
 */
export class Sent {
  readonly #current = new Map<string, Told>();
  readonly #atLoss = new Map<string, Told>();
  /** said on this connection that they have what they were sent */
  readonly #sure = new Set<string>();

  /** @returns undefined for a worker that may have missed anything */
  get(workerId: string): Told | undefined {
    return this.#current.get(workerId);
  }

  set(workerId: string, told: Told): void {
    this.#current.set(workerId, told);
  }

  isSure(workerId: string): boolean {
    return this.#sure.has(workerId);
  }

  /** What it may have: what it was sent last, or what it was sent before it was given up. */
  candidates(workerId: string): Told[] {
    const all = [this.#current.get(workerId), this.#atLoss.get(workerId)];
    return all.filter(told => told !== undefined);
  }

  /** This is what it has. */
  sure(workerId: string, told: Told): void {
    this.#current.set(workerId, told);
    this.#atLoss.delete(workerId);
    this.#sure.add(workerId);
  }

  unsure(workerId: string): void {
    this.#sure.delete(workerId);
  }

  lost(workerId: string): void {
    const told = this.#current.get(workerId);
    if (told) this.#atLoss.set(workerId, told);
    this.forget(workerId);
  }

  /** Whatever it has, it has to be told everything. */
  forget(workerId: string): void {
    this.#current.delete(workerId);
    this.#sure.delete(workerId);
  }

  removed(workerId: string): void {
    this.forget(workerId);
    this.#atLoss.delete(workerId);
  }
}
