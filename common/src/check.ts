/** Checks of data against JSON Schema (2020-12). Apart from the index: not every process needs a schema compiler. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { FieldError } from './errors.ts';
import { parseIpv4 } from './ipv4.ts';
import { shown } from './shown.ts';

export { shown };

/** @returns one entry per bad field, none when the value is good */
export type Check = (value: unknown) => FieldError[];

export interface Checker {
  compile(schema: object): Check;
}

/** Compile each schema once. Fields that a schema does not name are let through unless it forbids them. */
export function createChecker(): Checker {
  const ajv = new Ajv2020({ allErrors: true, strict: false, verbose: true, logger: false });
  ajv.addFormat('ipv4', { type: 'string', validate: (text: string) => parseIpv4(text) !== null });
  return {
    compile(schema) {
      const validate = ajv.compile(schema);
      return value => (validate(value) ? [] : (validate.errors ?? []).map(fieldError));
    },
  };
}

function fieldError(error: ErrorObject): FieldError {
  const parts = error.instancePath.split('/').slice(1).map(unescapePointer);
  const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
  const member = missingProperty ?? additionalProperty;
  const path = [...parts, ...(member === undefined ? [] : [member])].join('.');
  const found = member === undefined ? error.data : (error.data as Record<string, unknown>)[member];
  return { path, found: shown(path, found), allowed: allowed(error) };
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

const TYPE_WORDS: Record<string, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

function allowed(error: ErrorObject): string {
  const schema = (error.parentSchema ?? {}) as { description?: string; properties?: object };
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required':
      return 'a value; the field is required';
    case 'type':
      return [params.type]
        .flat()
        .map(type => TYPE_WORDS[String(type)] ?? String(type))
        .join(' or ');
    case 'enum':
      return (params.allowedValues as unknown[]).join(', ');
    case 'minLength':
    case 'maxLength':
      return `at ${error.keyword === 'minLength' ? 'least' : 'most'} ${String(params.limit)} characters`;
    case 'minItems':
    case 'maxItems':
      return `a list of at ${error.keyword === 'minItems' ? 'least' : 'most'} ${String(params.limit)}`;
    case 'minimum':
    case 'maximum':
      return `at ${error.keyword === 'minimum' ? 'least' : 'most'} ${String(params.limit)}`;
    case 'pattern':
      return `text that matches ${String(params.pattern)}${schema.description ? ` (${schema.description})` : ''}`;
    case 'additionalProperties':
      return `no field but ${Object.keys(schema.properties ?? {}).join(', ')}`;
    default:
      return error.message ?? error.keyword;
  }
}
