/** What the cases of the store's contract stand on. */
import assert from 'node:assert/strict';
import { type Collection, type Document, type ErrorKind, isErrorOf, type Store } from '@hedgerow/common';

export interface Boat extends Document {
  owner: string;
  crew: number;
  afloat: boolean;
  cargo?: unknown;
}

export interface Harbour {
  store: Store;
  boats: Collection<Boat>;
  /** another handle on the same database */
  open(): Promise<{ store: Store; boats: Collection<Boat> }>;
}

export type Cases = Record<string, (harbour: Harbour) => Promise<void>>;

export const openBoats = (store: Store) => store.collection<Boat>('boats', ['owner', 'crew', 'afloat']);

export const boat = (id: string, fields: Partial<Boat> = {}): Omit<Boat, 'revision'> => ({
  id,
  owner: 'ann',
  crew: 1,
  afloat: true,
  ...fields,
});

export const ids = (documents: readonly Document[]): string[] => documents.map(({ id }) => id);

export async function fails(promise: Promise<unknown>, kind: ErrorKind): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(isErrorOf(error, kind), `${kind.code} expected, found ${String(error)}`);
    return true;
  });
}

/** What a watcher hears, as `id:revision`, and `id:gone` for a removal. */
export function listen(boats: Collection<Boat>) {
  const heard: string[] = [];
  const waiting = new Set<() => void>();
  const stop = boats.watch((id, document) => {
    heard.push(`${id}:${document?.revision ?? 'gone'}`);
    for (const look of waiting) look();
  });
  const until = (isEnough: (heard: readonly string[]) => boolean): Promise<void> =>
    new Promise(resolve => {
      const look = (): void => {
        if (!isEnough(heard)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { heard, stop, until };
}
