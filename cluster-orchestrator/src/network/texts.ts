/**
 * The table as messages. Many workers are told the same, of an application of a thousand services megabytes: the text of
 * an entry is made once, and so is that of a whole table, which all of them share.
 */
import { digestTable, type TableEntry, toTableResult } from '@hedgerow/protos';

/** Bytes of one part of a whole table, by and large; a worker takes 4 MiB. */
const PART = 1024 * 1024;

interface Whole {
  entries: readonly TableEntry[];
  parts?: readonly Buffer[];
  single?: readonly Buffer[];
  digest?: number;
}

export class Texts {
  readonly #part: number;
  readonly #entries = new WeakMap<TableEntry, string>();
  readonly #results = new WeakMap<TableEntry, Buffer>();
  #last: Whole = { entries: [] };

  constructor(part = PART) {
    this.#part = part;
  }

  /** One entry, as `net/tablequery/result`. */
  result(entry: TableEntry): Buffer {
    const known = this.#results.get(entry);
    if (known) return known;
    const made = Buffer.from(JSON.stringify(toTableResult(entry, entry.service_ip)));
    this.#results.set(entry, made);
    return made;
  }

  /**
   * All of them, as one or more `net/table` that follow each other.
   * @param inParts false for who would take each part for the whole table
   */
  whole(entries: readonly TableEntry[], inParts: boolean): readonly Buffer[] {
    const last = this.#of(entries);
    if (inParts) last.parts ??= this.#parts(entries, this.#part);
    else last.single ??= this.#parts(entries, Number.POSITIVE_INFINITY);
    return (inParts ? last.parts : last.single) ?? [];
  }

  digest(entries: readonly TableEntry[]): number {
    const last = this.#of(entries);
    last.digest ??= digestTable(entries);
    return last.digest;
  }

  /** That of another worker, when it is the same. */
  #of(entries: readonly TableEntry[]): Whole {
    const { entries: last } = this.#last;
    const same = last.length === entries.length && entries.every((entry, at) => entry === last[at]);
    if (!same) this.#last = { entries };
    return this.#last;
  }

  #parts(entries: readonly TableEntry[], largest: number): Buffer[] {
    const lists: string[][] = [[]];
    let room = largest;
    for (const entry of entries) {
      const text = this.#text(entry);
      room -= text.length;
      if (room < 0 && lists.at(-1)?.length) {
        lists.push([]);
        room = largest - text.length;
      }
      lists.at(-1)?.push(text);
    }
    const parts = lists.length;
    const which = (part: number) => (parts === 1 ? '' : `,"part":${part},"parts":${parts}`);
    return lists.map((list, part) => Buffer.from(`{"entries":[${list.join()}]${which(part)}}`));
  }

  #text(entry: TableEntry): string {
    const known = this.#entries.get(entry);
    if (known !== undefined) return known;
    const made = JSON.stringify(entry);
    this.#entries.set(entry, made);
    return made;
  }
}
