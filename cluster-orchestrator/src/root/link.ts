/**
 * The one stream to the root. Dials for ever; each new stream begins with a Hello that tells everything, so nothing
 * has to be kept from one stream to the next.
 */
import { backoff, type Clock, type Logger, messageOf } from '@hedgerow/common';
import type { FromCluster, FromRoot, Hello } from '@hedgerow/protos';
import type { Dialed } from './channel.ts';

export interface LinkDeps {
  dial(): Dialed;
  clock: Clock;
  log: Logger;
  hello(): Hello;
  /** everything after the Welcome; must not throw */
  onMessage(message: FromRoot): void;
  onUp(clusterId: string): void;
  onDown(): void;
}

const RETRY = { first: 200, max: 10_000, jitter: 0.5 };
/** ms from the Hello to the Welcome; the root lets a new stream wait until it is sure that an older one is dead */
const WELCOME_IN = 30_000;

export class RootLink {
  readonly #deps: LinkDeps;
  #dialed: Dialed | undefined;
  #up = false;
  #attempt = 0;
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  get connected(): boolean {
    return this.#up;
  }

  /** @returns false when the root is out of reach; the message is then dropped */
  send(message: FromCluster): boolean {
    if (!this.#up || !this.#dialed) return false;
    this.#dialed.stream.write(message);
    return true;
  }

  start(): void {
    const dialed = this.#deps.dial();
    this.#dialed = dialed;
    const lost = (why: string) => this.#lost(dialed, why);
    dialed.stream.on('data', (message: FromRoot) => this.#receive(dialed, message));
    dialed.stream.on('error', (error: unknown) => lost(messageOf(error)));
    dialed.stream.on('end', () => lost('the root ended the stream'));
    dialed.stream.write({ hello: this.#deps.hello() });
    this.#cancel = this.#deps.clock.after(WELCOME_IN, () => lost('no welcome'));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#dialed) this.#lost(this.#dialed, 'stopped');
    this.#cancel();
  }

  #receive(dialed: Dialed, message: FromRoot): void {
    if (this.#dialed !== dialed) return;
    if (message.welcome) this.#welcome(message.welcome.cluster_id);
    else this.#deps.onMessage(message);
  }

  #welcome(clusterId: string): void {
    this.#cancel();
    this.#up = true;
    this.#attempt = 0;
    this.#deps.log.info({ cluster_id: clusterId }, 'connected to the root');
    this.#deps.onUp(clusterId);
  }

  /** `error` and `end` may both come; the first one counts. */
  #lost(dialed: Dialed, why: string): void {
    if (this.#dialed !== dialed) return;
    this.#dialed = undefined;
    this.#cancel();
    // its own cancellation would otherwise be an unhandled 'error'
    dialed.stream.removeAllListeners();
    dialed.stream.on('error', () => {});
    dialed.stream.cancel();
    dialed.close();
    if (this.#up) this.#deps.onDown();
    this.#up = false;
    if (!this.#stopped) this.#retry(why);
  }

  #retry(why: string): void {
    const wait = backoff(this.#attempt, RETRY);
    this.#attempt += 1;
    this.#deps.log.warn({ error: why, retry_in_ms: Math.round(wait) }, 'the root is out of reach');
    this.#cancel = this.#deps.clock.after(wait, () => this.start());
  }
}
