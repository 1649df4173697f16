import { HedgerowError, shown } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

/** What they hold goes into no sentence and no log, nor does the text of a whole payload. */
const SECRET: ReadonlySet<string> = new Set(['environment']);

/** Reads typed fields of a JSON object; null and absent mean the default, a wrong type is an error with its name. */
export interface Fields {
  text(key: string, fallback?: string): string;
  /** whole number from 0 */
  count(key: string, fallback?: number): number;
  amount(key: string, fallback?: number): number;
  flag(key: string): boolean;
  words(key: string): string[];
  objects(key: string): Record<string, unknown>[];
  /** null when there is none */
  object(key: string): Record<string, unknown> | null;
  /** a value of a rule of its own, which `allowed` says in words */
  value<T>(key: string, fallback: T | undefined, allowed: string, ok: (value: unknown) => boolean): T;
}

/** @throws BAD_MESSAGE unless `payload` is a JSON object */
export function readFields(topic: string, payload: Buffer): Fields {
  return fieldsOf(topic, parseObject(topic, payload));
}

export function fieldsOf(topic: string, object: Record<string, unknown>): Fields {
  const read = <T>(
    key: string,
    fallback: T | undefined,
    allowed: string,
    ok: (value: unknown) => boolean,
  ): T => {
    const value = object[key] ?? fallback;
    if (ok(value)) return value as T;
    throw bad(`${topic}: ${key}`, SECRET.has(key) ? 'something else' : object[key], allowed);
  };
  const isText = (value: unknown) => typeof value === 'string';
  const list = (value: unknown, ok: (item: unknown) => boolean) => Array.isArray(value) && value.every(ok);
  return {
    text: (key, fallback) => read(key, fallback, 'a string', isText),
    count: (key, fallback) =>
      read(key, fallback, 'a whole number from 0', v => Number.isSafeInteger(v) && (v as number) >= 0),
    amount: (key, fallback) =>
      read(key, fallback, 'a number from 0', v => Number.isFinite(v) && (v as number) >= 0),
    flag: key => read(key, false, 'true or false', v => typeof v === 'boolean'),
    words: key => read(key, [], 'a list of strings', v => list(v, isText)),
    objects: key => read(key, [], 'a list of objects', v => list(v, isObject)),
    object: key => read(key, null, 'an object', v => v === null || isObject(v)),
    value: read,
  };
}

function parseObject(topic: string, payload: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(payload.toString());
    if (isObject(value)) return value;
  } catch {
    throw bad(topic, `${payload.length} bytes`, 'JSON');
  }
  throw bad(topic, `${payload.length} bytes`, 'one JSON object');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function bad(path: string, value: unknown, allowed: string): HedgerowError {
  const found = value === undefined ? undefined : shown(path, value);
  const message = `${path} is ${JSON.stringify(found)}; allowed: ${allowed}`;
  return new HedgerowError(ERRORS.BAD_MESSAGE, message, { errors: [{ path, found, allowed }] });
}
