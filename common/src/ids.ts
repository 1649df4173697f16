import { randomBytes } from 'node:crypto';

/** 24 hex digits, as Oakestra's clients expect: 4 bytes of time (s), 8 random, so that ids sort by age. */
export function newId(now: number): string {
  const time = Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0');
  return time + randomBytes(8).toString('hex');
}

/** 32 random bytes for tokens and passwords; hex, because a value that begins with a dash is taken for a flag. */
export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text);
}
