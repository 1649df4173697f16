/** What every driver refuses alike, as mistakes of the program. */
import type { Document, Filter, Page } from './store.ts';

/** bytes of JSON; MongoDB takes documents of 16 MB, which hold the JSON and once more its plain fields */
export const MAX_DOCUMENT = 7 * 2 ** 20;

/** Names reach into query languages. @throws TypeError */
export function checkedName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a collection or field name: ${name}`);
  return name;
}

/**
 * @returns the fields of a filter
 * @throws TypeError for a field that is no index, or a value that nothing can be equal to: that would find all
 */
export function checkedFilter(
  filter: Filter<Document>,
  indexes: { has(field: string): boolean },
): [field: string, value: string | number | boolean][] {
  return Object.entries(filter).map(([field, value]: [string, unknown]) => {
    if (indexes.has(field) && isPlain(value)) return [field, value];
    throw new TypeError(`find by ${field}: not an index, or no plain value`);
  });
}

/** @throws TypeError */
export function checkedPage(page: Page): Page {
  const { after, limit } = page;
  const whole = limit === undefined || (Number.isSafeInteger(limit) && limit >= 0);
  if (!whole || (after !== undefined && typeof after !== 'string'))
    throw new TypeError(`not a page: ${JSON.stringify(page)}`);
  return page;
}

/** The document as it is stored. @throws TypeError when its id is no text, it is larger than MAX_DOCUMENT or no JSON */
export function checkedBody(document: Document): string {
  if (typeof document.id !== 'string') throw new TypeError(`not an id: ${String(document.id)}`);
  const body = JSON.stringify(document);
  if (body.length * 3 > MAX_DOCUMENT && Buffer.byteLength(body) > MAX_DOCUMENT)
    throw new TypeError(`document ${document.id} is larger than ${MAX_DOCUMENT} bytes`);
  return body;
}

/** What an index holds and a filter asks for. */
export function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
