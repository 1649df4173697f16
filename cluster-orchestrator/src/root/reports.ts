import type { FromCluster, InstanceReport } from '@hedgerow/protos';
import { instanceId } from '../model.ts';

/**
 * Instance reports on their way to the root: at once, but those of one turn of the event loop together and only the
 * latest of each instance. What waits when the stream is lost is told by the next Hello.
 */
export class Reports {
  readonly #send: (message: FromCluster) => boolean;
  readonly #queue = new Map<string, InstanceReport>();
  #scheduled = false;

  /** @param send returns false when the root is out of reach */
  constructor(send: (message: FromCluster) => boolean) {
    this.#send = send;
  }

  queue(report: InstanceReport): void {
    this.#queue.set(instanceId(report), report);
    this.#flushSoon();
  }

  /** A Hello is about to tell everything. */
  clear(): void {
    this.#queue.clear();
  }

  flush(): void {
    if (this.#queue.size === 0) return;
    if (this.#send({ reports: { reports: [...this.#queue.values()] } })) this.#queue.clear();
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
