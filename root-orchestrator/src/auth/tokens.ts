/** RS256 tokens with the claims that Oakestra's dashboard reads. */
import { randomUUID } from 'node:crypto';
import { type Clock, HedgerowError } from '@hedgerow/common';
import jwt from 'jsonwebtoken';
import { ERRORS } from '../errors.ts';
import type { SigningKeys } from './secrets.ts';

export type TokenType = 'access' | 'refresh';

export interface Tokens {
  issue(type: TokenType, user: { name: string; roles: readonly string[] }): string;
  /** @returns the user's name. @throws TOKEN_EXPIRED, TOKEN_INVALID */
  verify(type: TokenType, token: string): string;
}

export interface TokenDeps {
  keys: SigningKeys;
  clock: Clock;
  /** id of the organization that the tokens name */
  organization: string;
  accessSeconds: number;
}

const REFRESH_SECONDS = 30 * 24 * 3600;

export function createTokens(deps: TokenDeps): Tokens {
  const seconds = (): number => Math.floor(deps.clock.now() / 1000);
  return {
    issue(type, user) {
      const now = seconds();
      const life = type === 'access' ? deps.accessSeconds : REFRESH_SECONDS;
      const claims = {
        fresh: false,
        iat: now,
        nbf: now,
        exp: now + life,
        jti: randomUUID(),
        type,
        sub: user.name,
        user: user.name,
        roles: user.roles,
        organization: deps.organization,
      };
      return jwt.sign(claims, deps.keys.privateKey, { algorithm: 'RS256' });
    },
    verify(type, token) {
      const claims = read(token, deps.keys, seconds());
      if (claims.type !== type) {
        throw new HedgerowError(ERRORS.TOKEN_INVALID, `this needs a token of type ${type}`);
      }
      return String(claims.sub);
    },
  };
}

function read(token: string, keys: SigningKeys, now: number): jwt.JwtPayload {
  try {
    const options = { algorithms: ['RS256' as const], clockTimestamp: now };
    return jwt.verify(token, keys.publicKey, options) as jwt.JwtPayload;
  } catch (cause) {
    if (cause instanceof jwt.TokenExpiredError) {
      throw new HedgerowError(ERRORS.TOKEN_EXPIRED, 'the token has expired; log in again', { cause });
    }
    throw new HedgerowError(ERRORS.TOKEN_INVALID, 'the token is not one of this root', { cause });
  }
}
