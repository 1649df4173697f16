import type { Document } from '../store.ts';

/** A document whose content follows from its id and from the batch that wrote it. */
export interface Page extends Document {
  batch: number;
  text: string;
}

export interface Step {
  id: string;
  batch: number;
  action: 'insert' | 'replace' | 'remove';
}

/** A line of the writer. */
export type Entry = { trying: Step[] } | { done: string };

/** Up to 30 kB: now and then more than a page of SQLite, and a thousand pages of its journal within some dozen writes. */
export function textOf(id: string, batch: number): string {
  const seed = `${id} ${batch} `;
  return seed.repeat(1 + ((batch * 31 + id.length) % 40) ** 2);
}
