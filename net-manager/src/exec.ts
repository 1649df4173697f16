/**
 * The only place of this workspace that starts programs. No shell: a program gets its arguments as a list and its
 * commands on standard input. Callers format lines from checked addresses, ports and names of our own making.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from './errors.ts';

const BATCH = {
  ip: ['-force', '-batch', '-'],
  bridge: ['-force', '-batch', '-'],
  nft: ['-f', '-'],
  conntrack: ['-R'],
} as const;

const PACKAGES = {
  ip: 'iproute2',
  bridge: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
} as const;

/** A listing that should answer in milliseconds; ten thousand elements load in a quarter of a second. */
const PATIENCE = 30_000;

export type Tool = keyof typeof BATCH;

/** `unlessGone` marks a removal of something that may have gone by itself (a link goes with its container). */
export type BatchLine = string | { readonly unlessGone: string };

export interface Exec {
  /**
   * Runs the lines in one process. nft: one transaction, all or nothing. ip and bridge: each line by itself.
   * @param netnsPid run inside the network namespace of this process
   * @throws KERNEL_REFUSED naming the first line that failed; TOOL_MISSING
   */
  batch(tool: Tool, lines: readonly BatchLine[], netnsPid?: number): Promise<void>;
  /** @returns the JSON that the listing printed; null when what was asked for does not exist */
  read(tool: Tool, args: readonly string[]): Promise<unknown>;
  /** @returns what the listing printed, for a tool that knows no JSON */
  list(tool: Tool, args: readonly string[]): Promise<string>;
  /** Runs a program that reports for ever, like `ip monitor`. @returns a function that ends it */
  watch(tool: Tool, args: readonly string[], onLine: (line: string) => void, onEnd: () => void): () => void;
}

export function createExec(): Exec {
  return {
    async batch(tool, lines, netnsPid) {
      if (lines.length === 0) return;
      const text = `${lines.map(textOf).join('\n')}\n`;
      const [program, args] = inside(netnsPid, tool, BATCH[tool]);
      const done = tool === 'conntrack' ? await runFile(program, args, text) : await run(program, args, text);
      const failed = failures(done, lines)[0];
      if (failed) throw new HedgerowError(ERRORS.KERNEL_REFUSED, `${tool}: ${failed}`);
    },
    async read(tool, args) {
      const done = await run(tool, args, '');
      if (done.code === 0) return done.stdout.trim() === '' ? [] : JSON.parse(done.stdout);
      if (isAbsent(done.stderr)) return null;
      throw unreadable(tool, args, done);
    },
    async list(tool, args) {
      const done = await run(tool, args, '');
      if (done.code === 0) return done.stdout;
      throw unreadable(tool, args, done);
    },
    watch,
  };
}

interface Done {
  code: number | null;
  stdout: string;
  stderr: string;
}

function unreadable(tool: Tool, args: readonly string[], done: Done): HedgerowError {
  return new HedgerowError(ERRORS.KERNEL_REFUSED, `${tool} ${args.join(' ')}: ${done.stderr.trim()}`);
}

function run(program: string, args: readonly string[], input: string): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', env: environment(), timeout: PATIENCE });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', chunk => out.push(chunk));
    child.stderr.on('data', chunk => err.push(chunk));
    child.once('error', error => reject(startFailure(program, error)));
    child.once('close', code =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    // A program that leaves before it has read everything says why on stderr; EPIPE adds nothing.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** conntrack opens its batch by name, and /dev/stdin cannot be opened when it is a socket as Node makes it. */
async function runFile(program: string, args: readonly string[], text: string): Promise<Done> {
  const folder = await mkdtemp(join(tmpdir(), 'hedgerow-'));
  try {
    const file = join(folder, 'batch');
    await writeFile(file, text);
    return await run(program, [...args, file], '');
  } finally {
    await rm(folder, { recursive: true });
  }
}

function watch(
  tool: Tool,
  args: readonly string[],
  onLine: (line: string) => void,
  onEnd: () => void,
): () => void {
  const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'ignore'], env: environment() });
  createInterface({ input: child.stdout }).on('line', onLine);
  let ended = false;
  const end = () => {
    if (!ended) onEnd();
    ended = true;
  };
  child.once('error', end);
  child.once('close', end);
  return () => {
    ended = true;
    child.kill('SIGTERM');
  };
}

function inside(
  netnsPid: number | undefined,
  tool: Tool,
  args: readonly string[],
): [string, readonly string[]] {
  if (netnsPid === undefined) return [tool, args];
  return ['nsenter', [`--net=/proc/${netnsPid}/ns/net`, tool, ...args]];
}

/** Whoever starts us may lack the system directories in PATH; messages are read, so the locale is fixed. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C' };
}

function textOf(line: BatchLine): string {
  const text = typeof line === 'string' ? line : line.unlessGone;
  if (/[^\x20-\x7e]/.test(text))
    throw new TypeError(`not one line of printable text: ${JSON.stringify(text)}`);
  return text;
}

/** ip and bridge with -force go on after a failed line and print `Command failed -:<line>` behind each message. */
function failures(done: Done, lines: readonly BatchLine[]): string[] {
  if (done.code === 0) return [];
  const found: string[] = [];
  let known = 0;
  let message: string[] = [];
  for (const row of done.stderr.split('\n')) {
    const number = /^Command failed -:(\d+)$/.exec(row)?.[1];
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
  return known === 0 ? [message.join(' ') || `ended with ${done.code}`] : found;
}

function isAbsent(message: string): boolean {
  return /Cannot find device|No such (file or directory|process|device)|does not exist/.test(message);
}

function startFailure(program: string, error: Error): HedgerowError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'ENOENT') {
    return new HedgerowError(ERRORS.KERNEL_REFUSED, `${program}: ${error.message}`, { cause: error });
  }
  const name = PACKAGES[program as keyof typeof PACKAGES];
  return new HedgerowError(ERRORS.TOOL_MISSING, `${program} is not installed (Debian package ${name})`, {
    cause: error,
  });
}
