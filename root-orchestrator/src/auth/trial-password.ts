import { HedgerowError, isLoopback } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

const SHORTEST = 8;

/** @throws ADMIN_PASSWORD_NEEDED when others could reach the port and no password was given, or one that is none */
export function refuseTrialPassword(host: string, adminPassword: string): void {
  if (isLoopback(host)) return;
  if (adminPassword.length >= SHORTEST) return;
  const why = adminPassword === '' ? 'set' : `at least ${SHORTEST} characters are needed: set`;
  throw new HedgerowError(
    ERRORS.ADMIN_PASSWORD_NEEDED,
    `the root listens on ${host}, where others can reach it: ${why} ADMIN_PASSWORD to the password of user Admin`,
  );
}
