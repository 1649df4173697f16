import type { Access } from '../http/route.ts';

/** Who sent a request, as the store knows him now. */
export interface Caller {
  id: string;
  name: string;
  roles: readonly string[];
}

/** @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, FORBIDDEN. @returns null for open routes */
export type Authenticate = (access: Access, authorization: string | undefined) => Promise<Caller | null>;

export function isAdmin(caller: Caller): boolean {
  return caller.roles.includes('Admin');
}
