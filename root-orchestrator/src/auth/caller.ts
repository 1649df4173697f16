import type { Role } from '@hedgerow/protos';
import type { Access } from '../http/route.ts';
import { type Operation, type Scope, scopeOf } from './matrix.ts';

/** Who sent a request, as the store knows him now. */
export interface Caller {
  id: string;
  name: string;
  /** in the organization that he is logged in to */
  roles: readonly Role[];
  /** id of that organization */
  organization: string;
}

/** @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, FORBIDDEN. @returns null for open routes */
export type Authenticate = (
  access: Access,
  authorization: string | undefined,
  options?: {
    /** the request is being answered: its token may have expired since */
    begun?: boolean;
  },
) => Promise<Caller | null>;

/** How far the caller's roles reach for an operation. */
export function reach(caller: Caller, operation: Operation): Scope {
  return scopeOf(caller.roles, operation);
}
