/** Reads JSON payloads of workers field by field; what is missing gets its empty value, what is wrong is named. */
import { HedgerowError, messageOf } from '@hedgerow/common';
import type { JobPayload } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** @throws PAYLOAD_INVALID unless the payload is a JSON object */
export function parseObject(payload: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, `not JSON: ${messageOf(cause)}`, { cause });
  }
  return object(value, 'payload');
}

export function object(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw invalid(path, value, 'an object');
}

/** @returns "" when the field is missing */
export function string(fields: Fields, key: string): string {
  const value = fields[key] ?? '';
  if (typeof value === 'string') return value;
  throw invalid(key, value, 'text');
}

/** @returns 0 when the field is missing */
export function number(fields: Fields, key: string): number {
  const value = fields[key] ?? 0;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(key, value, 'a number');
}

export function list(fields: Fields, key: string): unknown[] {
  const value = fields[key] ?? [];
  if (Array.isArray(value)) return value;
  throw invalid(key, value, 'a list');
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
    instance: number(fields, 'instance'),
    status: string(fields, 'status'),
    status_detail: string(fields, 'status_detail'),
    publicip: string(fields, 'publicip'),
    namespace_ip: string(fields, 'namespace_ip'),
    generation: number(fields, 'generation'),
    epoch: number(fields, 'epoch'),
    logs: string(fields, 'logs'),
  };
}

function invalid(path: string, found: unknown, allowed: string): HedgerowError {
  return new HedgerowError(
    ERRORS.PAYLOAD_INVALID,
    `${path} is ${JSON.stringify(found)}; allowed: ${allowed}`,
    {
      errors: [{ path, found, allowed }],
    },
  );
}
