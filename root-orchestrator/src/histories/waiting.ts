import { withMoves } from '@hedgerow/protos';
import type { PlacedMove } from '../model.ts';

export interface Entry {
  serviceId: string;
  moves: readonly PlacedMove[];
  /** its history outlives the instance */
  kept: boolean;
  /** the instance is gone */
  gone: boolean;
}

/** moves of all instances together; a store that is full for long must not fill the memory, too */
const MOST = 20_000;
const NONE: Entry = { serviceId: '', moves: [], kept: false, gone: false };

/** What is not stored yet, by instance id. */
export class Waiting {
  readonly #entries = new Map<string, Entry>();
  readonly #lost: (moves: number) => void;
  readonly #most: number;
  #count = 0;

  /** @param lost hears how many moves made room for others, those of the instance that waits longest first */
  constructor(lost: (moves: number) => void, most = MOST) {
    this.#lost = lost;
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  of(id: string): Entry {
    return this.#entries.get(id) ?? NONE;
  }

  add(id: string, serviceId: string, moves: readonly PlacedMove[], kept = false): void {
    const before = this.#entries.get(id) ?? NONE;
    if (before.gone) return;
    this.#set(id, {
      serviceId,
      moves: withMoves(before.moves, moves),
      kept: kept || before.kept,
      gone: false,
    });
    this.#makeRoom();
  }

  gone(id: string): void {
    this.#set(id, { ...this.of(id), gone: true });
  }

  take(): [string, Entry][] {
    const taken = [...this.#entries];
    this.#entries.clear();
    this.#count = 0;
    return taken;
  }

  /** What could not be stored; before what has come since. */
  putBack(id: string, { serviceId, moves, kept, gone }: Entry): void {
    const since = this.of(id);
    const both = { moves: withMoves(moves, since.moves), kept: kept || since.kept, gone: gone || since.gone };
    this.#set(id, { serviceId, ...both });
    this.#makeRoom();
  }

  #set(id: string, entry: Entry): void {
    this.#count += entry.moves.length - (this.#entries.get(id)?.moves.length ?? 0);
    this.#entries.set(id, entry);
  }

  #makeRoom(): void {
    if (this.#count <= this.#most) return;
    for (const [id, entry] of this.#entries) {
      // that it is gone must not be forgotten
      if (entry.gone) this.#entries.set(id, { ...entry, moves: [] });
      else this.#entries.delete(id);
      this.#count -= entry.moves.length;
      this.#lost(entry.moves.length);
      if (this.#count <= this.#most) return;
    }
  }
}
