import type { Logger } from '@hedgerow/common';
import type { Exec } from './exec/exec.ts';
import { type Feature, probeKernel } from './kernel/probe.ts';

/** What this machine lacks, as it was found last. */
export class Fitness {
  readonly #exec: Exec;
  readonly #log: Logger;
  #lacking: readonly Feature[] = [];

  constructor(exec: Exec, log: Logger) {
    this.#exec = exec;
    this.#log = log;
  }

  /** Can containers be attached? */
  get usable(): boolean {
    return !this.#lacking.some(({ vital }) => vital);
  }

  get problems(): string[] {
    return this.#lacking.map(({ name, why, mend }) => `${name}: ${why} (${mend})`);
  }

  async look(): Promise<void> {
    const before = this.problems.join();
    this.#lacking = (await probeKernel(this.#exec)).filter(({ why }) => why !== '');
    const { usable, problems } = this;
    if (problems.join() === before) return;
    if (problems.length === 0) this.#log.info({}, 'this machine has what the network needs');
    else if (usable) this.#log.warn({ problems }, 'this machine lacks something that the network uses');
    else this.#log.error({ problems }, 'no container can be attached to the network of this machine');
  }

  /** Somebody may have mended it. */
  async lookAgain(): Promise<void> {
    if (this.#lacking.length > 0) await this.look();
  }
}
