/** Clients send a whole user back, as they got it and with what they changed: what do they want? */
import { HedgerowError } from '@hedgerow/common';
import type { Role } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

export interface SentUser {
  name?: string;
  email?: string;
  roles?: readonly Role[];
  password?: string | null;
}

/** What is left out stays. */
export interface AccountChange {
  email?: string;
  roles?: readonly Role[];
  password?: string;
}

/** Oakestra shows hashes, in the place of the password; a program that holds such a user sends it back. */
const HASH = /^(pbkdf2|scrypt|argon2\w*)[:$]/;

/** @param name of the path. @throws BODY_INVALID when another name is sent */
export function readChange(name: string, sent: SentUser): AccountChange {
  if (sent.name !== undefined && sent.name !== name) {
    throw new HedgerowError(ERRORS.BODY_INVALID, 'a user keeps his name', {
      errors: [{ path: 'name', found: sent.name, allowed: name }],
    });
  }
  const { email, roles, password } = sent;
  return {
    ...(email === undefined ? {} : { email }),
    ...(roles === undefined ? {} : { roles }),
    ...(password && !HASH.test(password) ? { password } : {}),
  };
}
