import type { Archive, Document, Store } from '@hedgerow/common';
import type { Line, Secret } from './format.ts';

/** documents that are written at once */
const BATCH = 500;

/**
 * Writes the documents into a store.
 * @returns the secrets among the lines, which each place keeps in its own way
 */
export async function loadDocuments(store: Store & Archive, lines: AsyncIterable<Line>): Promise<Secret[]> {
  const secrets: Secret[] = [];
  let batch: Document[] = [];
  let collection = '';
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    store.collection(collection, []);
    await store.load(collection, batch);
    batch = [];
  };
  for await (const line of lines) {
    if ('secret' in line) secrets.push(line);
    else {
      if (line.collection !== collection || batch.length === BATCH) await flush();
      collection = line.collection;
      batch.push(line.document);
    }
  }
  await flush();
  return secrets;
}
