import { type FieldError, HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

const SHORTEST = 8;
/** A longer one costs time to hash and is no safer. */
const LONGEST = 1024;

export interface WishedPassword {
  password: string;
  /** of the user */
  name: string;
  /** where the request says it */
  path: string;
  old?: string;
}

/** @throws BODY_INVALID naming the field */
export function checkNewPassword(wish: WishedPassword): void {
  const allowed = whatIsWrong(wish);
  if (allowed === null) return;
  const error: FieldError = { path: wish.path, found: '(hidden)', allowed };
  throw new HedgerowError(ERRORS.BODY_INVALID, `${wish.path}: allowed: ${allowed}`, { errors: [error] });
}

/** @returns what would be allowed instead */
function whatIsWrong({ password, name, old }: WishedPassword): string | null {
  const plain = password.normalize('NFKC');
  if (plain.length < SHORTEST) return `at least ${SHORTEST} characters`;
  if (password.length > LONGEST) return `at most ${LONGEST} characters`;
  if (plain.toLowerCase() === name.toLowerCase()) return 'something other than the user name';
  if (plain === old?.normalize('NFKC')) return 'something other than the old password';
  return null;
}
