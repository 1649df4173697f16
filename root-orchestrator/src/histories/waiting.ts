import { withMoves } from '@hedgerow/protos';
import type { PlacedMove } from '../model.ts';

export interface Entry {
  serviceId: string;
  moves: readonly PlacedMove[];
  /** the instance is gone, and so is to be its history */
  gone: boolean;
}

/** moves of all instances together; a store that is full for long must not fill the memory, too */
const MOST = 20_000;
const NONE: Entry = { serviceId: '', moves: [], gone: false };

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

  of(id: string): readonly PlacedMove[] {
    return this.#entries.get(id)?.moves ?? [];
  }

  add(id: string, serviceId: string, moves: readonly PlacedMove[]): void {
    const before = this.#entries.get(id) ?? NONE;
    if (!before.gone) this.#set(id, { serviceId, moves: withMoves(before.moves, moves), gone: false });
    this.#makeRoom();
  }

  gone(id: string): void {
    this.#set(id, { ...NONE, gone: true });
  }

  take(): [string, Entry][] {
    const taken = [...this.#entries];
    this.#entries.clear();
    this.#count = 0;
    return taken;
  }

  /** What could not be stored; before what has come since. */
  putBack(id: string, { serviceId, moves, gone }: Entry): void {
    const since = this.#entries.get(id) ?? NONE;
    if (gone || since.gone) this.gone(id);
    else this.#set(id, { serviceId, moves: withMoves(moves, since.moves), gone: false });
    this.#makeRoom();
  }

  #set(id: string, entry: Entry): void {
    this.#count += entry.moves.length - (this.#entries.get(id)?.moves.length ?? 0);
    this.#entries.set(id, entry);
  }

  #makeRoom(): void {
    if (this.#count <= this.#most) return;
    for (const [id, { moves, gone }] of this.#entries) {
      if (gone) continue;
      this.#entries.delete(id);
      this.#count -= moves.length;
      this.#lost(moves.length);
      if (this.#count <= this.#most) return;
    }
  }
}
