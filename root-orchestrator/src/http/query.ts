/** The query string of a request, checked against the route's schema. Keys that the schema does not name are passed over. */
import { HedgerowError } from '@hedgerow/common';
import type { Checker } from '@hedgerow/common/check';
import type { TSchema } from 'typebox';
import { ERRORS } from '../errors.ts';

export type ReadQuery = (url: string) => Readonly<Record<string, unknown>>;

type Properties = Readonly<Record<string, { type?: string; default?: unknown }>>;

/** @throws (the reader) QUERY_INVALID naming the parameter */
export function queryReader(schema: TSchema | undefined, checker: Checker): ReadQuery {
  if (!schema) return () => ({});
  const { properties } = schema as unknown as { properties: Properties };
  const check = checker.compile(schema);
  return url => {
    const query = valuesOf(parametersOf(url), properties);
    const errors = check(query);
    if (errors.length === 0) return query;
    const names = errors.map(error => error.path).join(', ');
    throw new HedgerowError(ERRORS.QUERY_INVALID, `query parameter ${names}: not allowed`, { errors });
  };
}

/** Not by `URL`, which throws for a host or port that is none: a request line may name one, and nobody needs it here. */
function parametersOf(url: string): URLSearchParams {
  const begin = url.indexOf('?');
  return new URLSearchParams(begin < 0 ? '' : url.slice(begin));
}

function valuesOf(given: URLSearchParams, properties: Properties): Record<string, unknown> {
  const entries = Object.entries(properties).flatMap(([name, { type, default: preset }]) => {
    const text = given.get(name);
    if (text !== null) return [[name, typed(text, type)]];
    return preset === undefined ? [] : [[name, preset]];
  });
  return Object.fromEntries(entries);
}

/** What is no number or no truth value stays text, for the check to name. `?follow` alone means true. */
function typed(text: string, type: string | undefined): unknown {
  if ((type === 'integer' || type === 'number') && text.trim() !== '') {
    return Number.isFinite(Number(text)) ? Number(text) : text;
  }
  if (type === 'boolean')
    return (
      ({ '': true, '1': true, true: true, '0': false, false: false } as Record<string, unknown>)[text] ?? text
    );
  return text;
}
