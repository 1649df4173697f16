/** What a program that has ended says about the lines that it was given. */
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export interface Done {
  code: number;
  stdout: string;
  stderr: string;
}

/** `unlessGone` marks a removal of something that may have gone by itself (a link goes with its container). */
export type BatchLine = string | { readonly unlessGone: string };

export function textOf(line: BatchLine): string {
  const text = typeof line === 'string' ? line : line.unlessGone;
  if (/[^\x20-\x7e]/.test(text))
    throw new TypeError(`not one line of printable text: ${JSON.stringify(text)}`);
  return text;
}

/** ip and bridge with -force go on after a failed line and print `Command failed <file>:<line>` behind each message. */
export function failures(done: Done, lines: readonly BatchLine[]): string[] {
  if (done.code === 0) return [];
  const found: string[] = [];
  let known = 0;
  let message: string[] = [];
  for (const row of done.stderr.split('\n')) {
    const number = /^Command failed \S+:(\d+)$/.exec(row)?.[1];
    if (number === undefined) {
      if (row !== '') message.push(row);
      continue;
    }
    known += 1;
    const line = lines[Number(number) - 1];
    const why = message.join(' ');
    message = [];
    if (line !== undefined && typeof line !== 'string' && isAbsent(why)) continue;
    found.push(`"${line === undefined ? number : textOf(line)}": ${why}`);
  }
  return known === 0 ? [firstOf(message) || `ended with ${done.code}`] : found;
}

/** nft says where, repeats the line and underlines it, for each line after the first wrong one as well. */
const LONGEST = 300;

function firstOf(message: readonly string[]): string {
  const rows = message
    .filter(row => !/^[\s^~]*$/.test(row))
    .map(row => row.replace(/^\S+:(\d+:\d+-\d+): /, '$1: '));
  const second = rows.findIndex((row, at) => at > 0 && /^\d+:\d+-\d+: /.test(row));
  return rows
    .slice(0, second < 0 ? undefined : second)
    .join(' ')
    .slice(0, LONGEST);
}

export function isAbsent(message: string): boolean {
  return /Cannot find device|No such (file or directory|process|device)|does not exist/.test(message);
}

export function refused(message: string, cause?: unknown): HedgerowError {
  return new HedgerowError(ERRORS.KERNEL_REFUSED, message, cause === undefined ? {} : { cause });
}

const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
  unshare: 'util-linux',
};

export function missing(program: string): HedgerowError {
  const name = PACKAGES[program];
  const source = name === undefined ? '' : ` (Debian package ${name})`;
  return new HedgerowError(ERRORS.TOOL_MISSING, `${program} is not installed${source}`);
}
