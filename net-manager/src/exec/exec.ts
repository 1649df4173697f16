/**
 * Starts the kernel's tools. A program gets its arguments as a list of plain words and its commands from a file.
 * Callers format lines from checked addresses, ports and names of our own making.
 */
import type { Clock } from '@hedgerow/common';
import { systemClock } from '@hedgerow/common';
import { Errand } from './errand.ts';
import { type BatchLine, failures, isAbsent, refused, textOf } from './outcome.ts';
import { watch } from './watch.ts';

const BATCH = {
  ip: ['-force', '-batch'],
  bridge: ['-force', '-batch'],
  nft: ['-f'],
  conntrack: ['-R'],
} as const;

export type Tool = keyof typeof BATCH;
export type { BatchLine };

export interface Exec {
  /**
   * Runs the lines in one process. nft: one transaction, all or nothing. ip and bridge: each line by itself.
   * @param netns run inside the network namespace of the process with this pid, or in one that ends with it
   * @throws KERNEL_REFUSED naming the first line that failed; TOOL_MISSING
   */
  batch(tool: Tool, lines: readonly BatchLine[], netns?: number | 'fresh'): Promise<void>;
  /** @returns the JSON that the listing printed; null when what was asked for does not exist */
  read(tool: Tool, args: readonly string[]): Promise<unknown>;
  /** @returns what the listing printed, for a tool that knows no JSON */
  list(tool: Tool, args: readonly string[]): Promise<string>;
  /** Runs a program that reports for ever, like `ip monitor`. @returns a function that ends it */
  watch(tool: Tool, args: readonly string[], onLine: (line: string) => void, onEnd: () => void): () => void;
}

/** Two go their own ways: conntrack looks through tables of any size, and nobody shall wait behind it. */
export function createExec(clock: Clock = systemClock): Exec {
  const kernel = new Errand(clock);
  const flows = new Errand(clock);
  const errandOf = (tool: Tool): Errand => (tool === 'conntrack' ? flows : kernel);
  return {
    async batch(tool, lines, netns) {
      if (lines.length === 0) return;
      const text = `${lines.map(textOf).join('\n')}\n`;
      const done = await errandOf(tool).run([...inside(netns), tool, ...BATCH[tool]], text);
      const failed = failures(done, lines)[0];
      if (failed) throw refused(`${tool}: ${failed}`);
    },
    async read(tool, args) {
      const done = await errandOf(tool).run([tool, ...args]);
      if (done.code === 0) return done.stdout.trim() === '' ? [] : JSON.parse(done.stdout);
      if (isAbsent(done.stderr)) return null;
      throw refused(`${tool} ${args.join(' ')}: ${done.stderr.trim()}`);
    },
    async list(tool, args) {
      const done = await errandOf(tool).run([tool, ...args]);
      if (done.code === 0) return done.stdout;
      throw refused(`${tool} ${args.join(' ')}: ${done.stderr.trim()}`);
    },
    watch,
  };
}

function inside(netns: number | 'fresh' | undefined): string[] {
  if (netns === 'fresh') return ['unshare', '--net'];
  return netns === undefined ? [] : ['nsenter', `--net=/proc/${netns}/ns/net`];
}
