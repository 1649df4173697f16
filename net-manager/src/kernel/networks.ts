import type { Clock, Logger } from '@hedgerow/common';
import type { Exec } from '../exec/exec.ts';
import { isOfNetworks, networksIn, type Way } from '../table/networks.ts';
import { rowsOf } from './listings.ts';

/** ms: a link that comes up brings several lines. */
const TOGETHER = 50;

/**
 * The machine's own networks in the overlay's range, followed as they come and go. The kernel says nothing of routes
 * that go with their link, so links are listened to as well.
 */
export class Networks {
  readonly #exec: Exec;
  readonly #clock: Clock;
  readonly #log: Logger;
  #prefixes: readonly string[] = [];
  #unwatch: (() => void) | null = null;
  #unwait: (() => void) | null = null;

  constructor(exec: Exec, clock: Clock, log: Logger) {
    this.#exec = exec;
    this.#clock = clock;
    this.#log = log;
  }

  /** As of the last look. */
  get prefixes(): readonly string[] {
    return this.#prefixes;
  }

  /** @returns whether they are others than before @throws KERNEL_REFUSED */
  async look(): Promise<boolean> {
    const before = this.#prefixes.join();
    const rows = await this.#exec.read('ip', ['-j', '-4', 'route', 'show', 'table', 'main']);
    this.#prefixes = networksIn(rowsOf<Way>(rows));
    return this.#prefixes.join() !== before;
  }

  /** Begins to listen, or again when that has ended. @param onNews something may have changed */
  watch(onNews: () => void): void {
    const heard = (line: string) => {
      if (isOfNetworks(line)) this.#soon(onNews);
    };
    this.#unwatch ??= this.#exec.watch('ip', ['-o', '-4', 'monitor', 'link', 'route'], heard, () => {
      this.#unwatch = null;
      this.#log.debug({}, 'the kernel’s news have ended; routes are looked at from time to time');
    });
  }

  /** Listens no more, whatever `watch` is asked for. */
  stop(): void {
    this.#unwait?.();
    this.#unwatch?.();
    this.#unwatch = () => {};
  }

  #soon(onNews: () => void): void {
    this.#unwait ??= this.#clock.after(TOGETHER, () => {
      this.#unwait = null;
      onNews();
    });
  }
}
