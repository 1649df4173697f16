/**
 * What the watchers of one collection know, and what they have yet to hear. Own writes are told as they happen; a change
 * by another process is only a hint that a document may differ, which is then read and compared, so hints may be lost,
 * repeated or reordered. It does no I/O itself.
 */
import type { Document, Watcher } from '../store.ts';
import { Watchers } from '../watchers.ts';
import { decode, type MongodbRecord } from './record.ts';

/** id → `write` of its record */
export type Marks = ReadonlyMap<string, string>;

export class Feed {
  readonly #watchers = new Watchers();
  /** what was told last; what is not in it is known not to exist */
  readonly #told = new Map<string, string>();
  /** may differ from what was told */
  readonly #pending = new Set<string>();
  /** own writes under way; the collection has at most one per id */
  readonly #busy = new Set<string>();
  /** own writes that were under way at any time since the reading began */
  readonly #touched = new Set<string>();

  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  add(watcher: Watcher<Document>): () => void {
    return this.#watchers.add(watcher);
  }

  /** For when nobody watches: nothing is kept. */
  reset(): void {
    for (const kept of [this.#told, this.#pending, this.#touched]) kept.clear();
  }

  /** An own write is about to be sent. */
  begin(id: string): void {
    this.#busy.add(id);
    this.#touched.add(id);
  }

  /** Its outcome was told, or hinted at when it is not known. */
  end(id: string): void {
    this.#busy.delete(id);
    if (this.watched) this.#touched.add(id);
    else this.#touched.delete(id);
  }

  wrote(document: Document, write: string): void {
    if (this.watched) this.#tell(document.id, document, write);
  }

  removed(id: string): void {
    if (this.watched) this.#tell(id, null);
  }

  /** The document may differ from what was told. */
  hint(id: string): void {
    if (this.watched) this.#pending.add(id);
  }

  /** Call it before reading what goes to `baseline` or `settle`. */
  reading(): void {
    this.#touched.clear();
  }

  /** What is there before the first change: nobody is told of it. */
  baseline(marks: Marks): void {
    for (const [id, write] of marks) {
      if (this.#isMoving(id)) this.#pending.add(id);
      else this.#told.set(id, write);
    }
  }

  /** Hints at all that differs. */
  compare(marks: Marks): void {
    for (const [id, write] of marks) if (this.#told.get(id) !== write) this.hint(id);
    for (const id of this.#told.keys()) if (!marks.has(id)) this.hint(id);
  }

  /** At most `limit` ids to read and give to `settle`; those that we are just writing have to wait. */
  due(limit: number): string[] {
    return [...this.#pending].filter(id => !this.#busy.has(id)).slice(0, limit);
  }

  /** @param records what was found of `ids`; what is missing is gone */
  settle(ids: readonly string[], records: readonly MongodbRecord[]): void {
    const found = new Map(records.map(record => [record._id, record]));
    for (const id of ids) {
      if (this.#isMoving(id)) continue;
      this.#pending.delete(id);
      const record = found.get(id);
      if (this.#told.get(id) !== record?.write) this.#tell(id, record ? decode(record) : null, record?.write);
    }
  }

  /** What was read of it may be older, or newer, than what an own write told or is about to tell. */
  #isMoving(id: string): boolean {
    return this.#busy.has(id) || this.#touched.has(id);
  }

  #tell(id: string, document: Document | null, write?: string): void {
    if (write === undefined) this.#told.delete(id);
    else this.#told.set(id, write);
    this.#watchers.tell(id, document);
  }
}
