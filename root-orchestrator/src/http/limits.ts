/** Bounds on the shape of a body: what comes after the parser recurses, and names every fault that it finds. */
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

const DEEPEST = 64;
/** A service of an SLA has about 20 values. */
const MOST_VALUES = 200_000;

/** Level by level, so that depth costs no stack. @throws BODY_TOO_LARGE */
export function limitShape(body: unknown): void {
  let values = 0;
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    values += level.length;
    if (depth > DEEPEST) throw tooLarge(`is nested deeper than ${DEEPEST} levels`);
    if (values > MOST_VALUES) throw tooLarge(`has more than ${MOST_VALUES} values`);
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

function tooLarge(what: string): HedgerowError {
  return new HedgerowError(ERRORS.BODY_TOO_LARGE, `the body ${what}`);
}
