import { type Logger, messageOf } from '@hedgerow/common';
import type { Exec } from '../exec/exec.ts';
import type { Difference } from '../table/difference.ts';

/** What shall not be connected any more: (service IP, container address) pairs, and container addresses. */
export type Severed = Pick<Difference, 'parted' | 'left'>;

/** Looked for in one listing of the kernel's table. */
interface Round {
  severed: Severed[];
  done: PromiseWithResolvers<void>;
}

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
  /** what is looked for together next, and now */
  #next: Round | null = null;
  #now: Round | null = null;
  #told = '';

  constructor(exec: Exec, log: Logger) {
    this.#exec = exec;
    this.#log = log;
  }

  forget(severed: Severed): void {
    if (severed.parted.length === 0 && severed.left.length === 0) return;
    this.#next ??= { severed: [], done: Promise.withResolvers() };
    this.#next.severed.push(severed);
    if (!this.#now) void this.#run();
  }

  /** Resolves when what has been to be forgotten so far is; what comes later is not waited for. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#now)?.done.promise;
  }

  /** Without the tool traffic still flows, so a failure is told, once, and not thrown. */
  async #run(): Promise<void> {
    for (let round = this.#next; round; round = this.#next) {
      this.#now = round;
      this.#next = null;
      await this.#drop(round.severed).catch(error => this.#tell(messageOf(error)));
      round.done.resolve();
    }
    this.#now = null;
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
