import { HedgerowError } from '@hedgerow/common';
import type { RegisterUserSchema, Role } from '@hedgerow/protos';
import type { Static } from 'typebox';
import { ERRORS } from '../errors.ts';
import type { NewUser } from './users.ts';

export interface NewAccount extends NewUser {
  roles?: readonly Role[];
  /** name of the organization that he becomes a member of; the caller's when left out or empty */
  organization?: string;
}

/** Words that are easily taken for ours. Passed over, they would make another user than was meant. */
const MISNAMED: Readonly<Record<string, string>> = { role: 'roles', organization: 'organization_name' };

/** @throws BODY_INVALID naming each field that has another name here */
export function newAccount(body: Static<typeof RegisterUserSchema>): NewAccount {
  requireOurWords(body);
  const { name, password, email, created_at, roles, organization_name } = body;
  return {
    name,
    password,
    ...(email === undefined ? {} : { email }),
    ...(created_at === undefined ? {} : { created_at }),
    ...(roles === undefined ? {} : { roles }),
    ...(organization_name ? { organization: organization_name } : {}),
  };
}

function requireOurWords(body: object): void {
  const errors = Object.entries(body).flatMap(([path, found]) =>
    Object.hasOwn(MISNAMED, path)
      ? [{ path, found, allowed: `nothing; the field is ${MISNAMED[path]}` }]
      : [],
  );
  const [first] = errors;
  if (!first) return;
  throw new HedgerowError(ERRORS.BODY_INVALID, `${first.path}: allowed: ${first.allowed}`, { errors });
}
