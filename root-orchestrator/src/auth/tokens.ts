/** RS256 tokens with the claims that Oakestra's dashboard reads. */
import { randomUUID } from 'node:crypto';
import { type Clock, HedgerowError } from '@hedgerow/common';
import type { Role } from '@hedgerow/protos';
import jwt from 'jsonwebtoken';
import { ERRORS } from '../errors.ts';
import type { SigningKeys } from './secrets.ts';

export type TokenType = 'access' | 'refresh';

/** A user who is logged in to an organization. */
export interface Login {
  id: string;
  name: string;
  /** id */
  organization: string;
  /** in that organization */
  roles: readonly Role[];
  /** see `User.token_version` */
  version: number;
}

export interface Claims extends Login {
  jti: string;
  /** epoch s */
  expires: number;
}

export interface Tokens {
  issue(type: TokenType, login: Login): string;
  /**
   * What the token says; whether it still holds, the store knows.
   * @param atAnyTime also when it has expired
   * @throws TOKEN_EXPIRED, TOKEN_INVALID
   */
  verify(type: TokenType, token: string, atAnyTime?: boolean): Claims;
}

export interface TokenDeps {
  keys: SigningKeys;
  clock: Clock;
  accessSeconds: number;
}

const REFRESH_SECONDS = 30 * 24 * 3600;

export function createTokens(deps: TokenDeps): Tokens {
  const seconds = (): number => Math.floor(deps.clock.now() / 1000);
  return {
    issue(type, login) {
      const now = seconds();
      const life = type === 'access' ? deps.accessSeconds : REFRESH_SECONDS;
      const claims = {
        fresh: false,
        iat: now,
        nbf: now,
        exp: now + life,
        jti: randomUUID(),
        type,
        sub: login.name,
        user: login.name,
        user_id: login.id,
        roles: login.roles,
        organization: login.organization,
        version: login.version,
      };
      return jwt.sign(claims, deps.keys.privateKey, { algorithm: 'RS256' });
    },
    verify(type, token, atAnyTime = false) {
      const claims = read(token, deps.keys, { clockTimestamp: seconds(), ignoreExpiration: atAnyTime });
      if (claims.type === type) return claimsOf(claims);
      throw new HedgerowError(ERRORS.TOKEN_INVALID, `this needs a token of type ${type}`);
    },
  };
}

/** Of a signed token, so that types are as `issue` made them; one of an older root may lack some, and is no user's. */
function claimsOf({ sub, user_id, organization, roles, version, jti, exp }: jwt.JwtPayload): Claims {
  return {
    id: String(user_id),
    name: String(sub),
    organization: String(organization),
    roles: (roles ?? []) as Role[],
    version: Number(version),
    jti: String(jti),
    expires: Number(exp),
  };
}

type Times = Pick<jwt.VerifyOptions, 'clockTimestamp' | 'ignoreExpiration'>;

function read(token: string, keys: SigningKeys, times: Times): jwt.JwtPayload {
  try {
    return jwt.verify(token, keys.publicKey, { algorithms: ['RS256'], ...times }) as jwt.JwtPayload;
  } catch (cause) {
    if (cause instanceof jwt.TokenExpiredError) {
      throw new HedgerowError(ERRORS.TOKEN_EXPIRED, 'the token has expired; log in again', { cause });
    }
    throw new HedgerowError(ERRORS.TOKEN_INVALID, 'the token is not one of this root', { cause });
  }
}
