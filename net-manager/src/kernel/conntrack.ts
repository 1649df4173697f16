import { type Logger, messageOf } from '@hedgerow/common';
import type { Exec } from '../exec.ts';
import type { Difference } from '../table/difference.ts';

/** What shall not be connected any more: (service IP, container address) pairs, and container addresses. */
export type Severed = Pick<Difference, 'parted' | 'left'>;

/** Deletions in one process; each looks through the kernel's whole table, about 10 ms. */
const AT_A_TIME = 200;

/**
 * Connection tracking keeps a flow on the container that it was first sent to. UDP has no end, so such a flow would
 * follow a container that has gone for ever; TCP is told by a reset at its next packet. Runs beside the requests:
 * traffic goes the new way already, only what was under way is looked for.
 */
export class Flows {
  readonly #exec: Exec;
  readonly #log: Logger;
  #waiting: Severed[] = [];
  #running: Promise<void> | null = null;
  #told = '';

  constructor(exec: Exec, log: Logger) {
    this.#exec = exec;
    this.#log = log;
  }

  forget(severed: Severed): void {
    if (severed.parted.length === 0 && severed.left.length === 0) return;
    this.#waiting.push(severed);
    this.#running ??= this.#run();
  }

  /** Resolves when what was to be forgotten is. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Without the tool traffic still flows, so a failure is told, once, and not thrown. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const severed = this.#waiting;
      this.#waiting = [];
      await this.#drop(severed).catch(error => this.#tell(messageOf(error)));
    }
    this.#running = null;
  }

  async #drop(severed: readonly Severed[]): Promise<void> {
    const lines = deletions(await this.#exec.list('conntrack', ['-L', '-f', 'ipv4']), severed);
    for (let at = 0; at < lines.length; at += AT_A_TIME) {
      await this.#exec.batch('conntrack', lines.slice(at, at + AT_A_TIME));
    }
  }

  #tell(reason: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#log.warn({ reason }, 'flows to containers that have gone could not be dropped');
  }
}

/** @returns what to delete so that no listed flow connects what is severed */
export function deletions(listing: string, severed: readonly Severed[]): string[] {
  const parted = new Set(severed.flatMap(({ parted }) => parted.map(pair => pair.join())));
  const left = new Set(severed.flatMap(({ left }) => left));
  const lines = new Set<string>();
  for (const row of listing.split('\n')) {
    const flow = /\bsrc=(\S+) dst=(\S+).*? src=(\S+) dst=/.exec(row);
    const [, source = '', target = '', replier = ''] = flow ?? [];
    if (parted.has(`${target},${replier}`)) lines.add(`-D -d ${target} -r ${replier}`);
    if (left.has(replier)) lines.add(`-D -r ${replier}`);
    if (left.has(source)) lines.add(`-D -s ${source}`);
  }
  return [...lines];
}
