/** Checks a whole descriptor before anything is stored. */
import type { FieldError } from '@hedgerow/common';
import { type Check, type Checker, shown } from '@hedgerow/common/check';
import { SlaSchema } from '@hedgerow/protos';
import { checkSemantics } from './semantics.ts';

/** @returns a check that names every bad field of a descriptor at once: by schema first, then by meaning */
export function slaCheck(checker: Checker): Check {
  const checkShape = checker.compile(SlaSchema);
  return body => [...checkShape(body), ...checkSemantics(body)];
}

/** `POST /api/service` adds to one application that is there. */
export function serviceSlaCheck(checker: Checker): Check {
  const check = slaCheck(checker);
  return body => [...check(body), ...checkTarget(body)];
}

function checkTarget(body: unknown): FieldError[] {
  const list = (body as { applications?: unknown } | null)?.applications;
  if (!Array.isArray(list)) return [];
  if (list.length !== 1) {
    return [{ path: 'applications', found: shown('applications', list), allowed: 'one application' }];
  }
  const id = (list[0] as { applicationID?: unknown } | null)?.applicationID;
  if (typeof id === 'string' && id !== '') return [];
  return id === undefined || id === ''
    ? [{ path: 'applications.0.applicationID', found: id ?? null, allowed: 'the id of an application' }]
    : [];
}
