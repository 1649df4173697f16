/**
 * Reads JSON payloads of workers field by field; what is missing gets its empty value, what is wrong is named. Words
 * that something is known by are refused when they are too long, texts for people are cut.
 */
import { HedgerowError, messageOf } from '@hedgerow/common';
import { type JobPayload, MOST_MOVES, type Move } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Characters of a name, an id, an address; a job name has 4 × 30 and its dots. */
const LONGEST_WORD = 256;
/** Characters of a sentence for people. */
export const LONGEST_DETAIL = 4096;
/** Characters of an instance's last lines. */
export const LONGEST_LOGS = 65_536;
/** Instances of one worker that one message may name. */
const MOST_ITEMS = 4096;
/** Generations and epochs count up by one: this is out of reach, and leaves room in what is sent on. */
const HIGHEST = 2 ** 31;
const LONGEST_SHOWN = 60;

/** @throws PAYLOAD_INVALID unless the payload is a JSON object */
export function parseObject(payload: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, `not JSON: ${cut(messageOf(cause), 200)}`, { cause });
  }
  return object(value, 'payload');
}

export function object(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(path, value, 'an object');
}

/** @returns "" when the field is missing */
export function string(fields: Fields, key: string): string {
  const value = text(fields, key);
  if (value.length <= LONGEST_WORD) return value;
  throw invalid(key, value, `text of at most ${LONGEST_WORD} characters`);
}

/** @returns the beginning of a text for people; "" when the field is missing */
export function sentence(fields: Fields, key: string): string {
  return cut(text(fields, key), LONGEST_DETAIL);
}

/** @returns the end of an output; "" when the field is missing */
export function output(fields: Fields, key: string): string {
  const value = text(fields, key);
  return value.length > LONGEST_LOGS ? value.slice(-LONGEST_LOGS) : value;
}

/** @returns 0 when the field is missing */
export function number(fields: Fields, key: string): number {
  const value = fields[key] ?? 0;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(key, value, 'a number');
}

/** @returns 0 when the field is missing */
export function percent(fields: Fields, key: string): number {
  const value = number(fields, key);
  if (value >= 0) return Math.min(value, 100);
  throw invalid(key, value, 'a number from 0');
}

/** @returns 0 when the field is missing */
export function count(fields: Fields, key: string): number {
  const value = number(fields, key);
  if (Number.isInteger(value) && value >= 0 && value <= HIGHEST) return value;
  throw invalid(key, value, 'a whole number from 0');
}

/** @returns null when the field is missing */
export function digest(fields: Fields, key: string): number | null {
  const value = fields[key] ?? null;
  if (value === null || (Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32))
    return value as number | null;
  throw invalid(key, value, 'a whole number of 32 bits');
}

/** Figures come as text, as Oakestra has them. @returns "" when the field is missing */
export function figure(fields: Fields, key: string): string {
  const value = fields[key];
  const word = typeof value === 'number' ? String(value) : string(fields, key);
  if (word === '' || (Number.isFinite(Number(word)) && Number(word) >= 0)) return word;
  throw invalid(key, value, 'a number from 0');
}

export function list(fields: Fields, key: string, most = MOST_ITEMS): unknown[] {
  const value = fields[key] ?? [];
  if (!Array.isArray(value)) throw invalid(key, value, 'a list');
  if (value.length <= most) return value;
  throw invalid(key, value, `a list of at most ${most}`);
}

/** @throws PAYLOAD_INVALID: without these three nobody can tell which instance is meant or what became of it */
export function job(fields: Fields): JobPayload {
  for (const key of ['service_id', 'status'] as const) {
    if (string(fields, key) === '') throw invalid(key, fields[key], 'text that is not empty');
  }
  if (!Number.isInteger(fields.instance)) throw invalid('instance', fields.instance, 'a whole number');
  return {
    sname: string(fields, 'sname'),
    service_id: string(fields, 'service_id'),
    instance: count(fields, 'instance'),
    status: string(fields, 'status'),
    status_detail: sentence(fields, 'status_detail'),
    publicip: string(fields, 'publicip'),
    namespace_ip: string(fields, 'namespace_ip'),
    generation: count(fields, 'generation'),
    epoch: count(fields, 'epoch'),
    logs: output(fields, 'logs'),
    ...movesOf(fields),
  };
}

/** The last ones, by whomever: a worker speaks of itself alone. */
function movesOf(fields: Fields): { moves?: Move[] } {
  const items = list(fields, 'moves').slice(-MOST_MOVES);
  if (items.length === 0) return {};
  return { moves: items.map((item, index) => move(object(item, `moves.${index}`))) };
}

function move(fields: Fields): Move {
  return {
    at: number(fields, 'at'),
    tier: 'worker',
    status: string(fields, 'status'),
    detail: sentence(fields, 'detail'),
    worker_id: '',
  };
}

function text(fields: Fields, key: string): string {
  const value = fields[key] ?? '';
  if (typeof value === 'string') return value;
  throw invalid(key, value, 'text');
}

function cut(value: string, most: number): string {
  return value.length > most ? `${value.slice(0, most - 1)}…` : value;
}

/** What a worker sent may be of any size, and is nobody's to read whole in a log. */
function invalid(path: string, value: unknown, allowed: string): HedgerowError {
  const found = shown(value);
  return new HedgerowError(ERRORS.PAYLOAD_INVALID, `${path} is ${found}; allowed: ${allowed}`, {
    errors: [{ path, found, allowed }],
  });
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value, LONGEST_SHOWN));
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
