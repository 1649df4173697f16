import { createHash, timingSafeEqual } from 'node:crypto';

/** @returns a check of `authorization: Bearer <token>` whose time does not depend on where the token differs. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(`Bearer ${token}`);
  return authorization => authorization !== undefined && timingSafeEqual(digest(authorization), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
