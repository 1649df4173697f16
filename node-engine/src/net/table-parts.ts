import type { TableEntry, TablePayload } from '@hedgerow/protos';

/** A large table comes in parts, and counts when it is complete: until then the one before it is nearer to the truth. */
export class TableParts {
  #entries: TableEntry[] = [];
  #next = 0;

  /** @returns everything with the last part; null until then, for a repeated part, and after one that did not come */
  take({ entries, part = 0, parts = 1 }: TablePayload): TableEntry[] | null {
    if (part === 0) [this.#entries, this.#next] = [[], 0];
    if (part !== this.#next) return null;
    for (const entry of entries) this.#entries.push(entry);
    this.#next += 1;
    if (this.#next < parts) return null;
    const all = this.#entries;
    [this.#entries, this.#next] = [[], 0];
    return all;
  }
}
