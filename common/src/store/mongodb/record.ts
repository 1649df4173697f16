/**
 * How a document lies in MongoDB: its whole text as JSON, as in SQLite, so that any key, any depth and any number comes
 * out as it went in, on every server; beside it the plain fields of its top level, which indexes and people look at.
 */
import { checkedBody, isPlain } from '../checks.ts';
import type { Document } from '../store.ts';

/** A type and no interface: the driver wants its keys to be open. */
export type MongodbRecord = {
  _id: string;
  revision: number;
  /** drawn anew for each write: tells whose write this is when an answer was lost or a change is heard of */
  write: string;
  fields: Record<string, string | number | boolean>;
  body: string;
};

/** @throws TypeError when it cannot be stored */
export function encode(document: Document, write: string): MongodbRecord {
  const body = checkedBody(document);
  return { _id: document.id, revision: document.revision, write, fields: plainFields(document), body };
}

export function decode({ body }: Pick<MongodbRecord, 'body'>): Document {
  return JSON.parse(body) as Document;
}

/** Only names that could be an index: dots and dollars would mean something to the server. */
function plainFields(document: Document): MongodbRecord['fields'] {
  const plain = Object.entries(document).filter(
    (entry): entry is [string, string | number | boolean] =>
      /^[A-Za-z_]\w*$/.test(entry[0]) && isPlain(entry[1]),
  );
  return Object.fromEntries(plain);
}
