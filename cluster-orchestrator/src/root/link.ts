/**
 * The one stream to the root that leads. Dials for ever; each new stream begins with a Hello that stands for everything,
 * so nothing has to be kept from one stream to the next.
 */
import { backoff, type Clock, type Logger, messageOf, Outflow } from '@hedgerow/common';
import type { FromCluster, FromRoot, Hello } from '@hedgerow/protos';
import type { Dial, Dialed } from './channel.ts';
import { Roots } from './roots.ts';

export interface LinkDeps {
  dial: Dial;
  /** `host:port` or `unix:/path` of every root */
  roots: readonly string[];
  clock: Clock;
  log: Logger;
  hello(): Hello;
  /** of the last root that welcomed this cluster; a root with a smaller one leads no more */
  epoch(): number;
  /** everything after the Welcome; must not throw */
  onMessage(message: FromRoot): void;
  onUp(welcome: NonNullable<FromRoot['welcome']>): void;
  onDown(): void;
}

/** One attempt, and the stream when it succeeds. */
interface Attempt {
  address: string;
  dialed: Dialed;
  out: Outflow<FromCluster>;
  /** something came out of order */
  strange: boolean;
}

/** A root that is back is found within 3 s; clusters that lost it together come at different times. */
const RETRY = { first: 200, max: 3000, jitter: 0.5 };
/** Roots that answer and do not lead are asked again soon: in a moment one will. The wait stays below 1 s then. */
const MOST_ATTEMPTS_OF_ELECTION = 2;
/** ms for the connection; the next root is tried after it */
const CONNECTED_IN = 5000;
/** ms from the Hello to the Welcome; the root lets a new stream wait until it is sure that an older one is dead */
const WELCOME_IN = 30_000;
/** Messages that wait. */
const CONGESTED = 8;
/** Messages that may wait for the root: more than a large cluster says at once. */
const MOST_WAITING = 20_000;
/** ms in which the root has to take at least one message */
const TAKE_WITHIN = 30_000;

export class RootLink {
  readonly #deps: LinkDeps;
  readonly #roots: Roots;
  #current: Attempt | undefined;
  #up = false;
  #attempts = 0;
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#roots = new Roots(deps.roots);
  }

  get connected(): boolean {
    return this.#up;
  }

  /** Do messages wait to be sent, so that those should be left out that can be? */
  get congested(): boolean {
    return (this.#current?.dialed.stream.writableLength ?? 0) > CONGESTED;
  }

  /** @returns false when the root is out of reach; the message is then dropped */
  send(message: FromCluster): boolean {
    return this.#up && this.#current?.out.write(message) === true;
  }

  start(): void {
    this.#roots.begin();
    this.#dialNext('no root is known');
  }

  stop(): void {
    this.#stopped = true;
    if (this.#current) this.#lost(this.#current, 'stopped');
    this.#cancel();
  }

  /** @param why the one before it failed */
  #dialNext(why: string): void {
    const address = this.#roots.next();
    if (address === null) this.#retry(why);
    else this.#dial(address);
  }

  #dial(address: string): void {
    const { clock, dial, hello } = this.#deps;
    const dialed = dial(address);
    const lost = (why: string) => this.#lost(attempt, why);
    const limits = { clock, most: MOST_WAITING, within: TAKE_WITHIN };
    const attempt: Attempt = {
      address,
      dialed,
      strange: false,
      out: new Outflow(dialed.stream, {
        ...limits,
        stuck: why => lost(`the root does not keep up: ${why}`),
      }),
    };
    this.#current = attempt;
    dialed.stream.on('data', (message: FromRoot) => this.#receive(attempt, message));
    dialed.stream.on('error', (error: unknown) => lost(messageOf(error)));
    dialed.stream.on('end', () => lost('the root ended the stream'));
    attempt.out.write({ hello: hello() });
    this.#cancel = clock.after(CONNECTED_IN, () => lost('no connection'));
    void dialed.connected.then(() => this.#connected(attempt));
  }

  #connected(attempt: Attempt): void {
    if (this.#current !== attempt || this.#up) return;
    this.#cancel();
    this.#cancel = this.#deps.clock.after(WELCOME_IN, () => this.#lost(attempt, 'no welcome'));
  }

  #receive(attempt: Attempt, message: FromRoot): void {
    if (this.#current !== attempt) return;
    if (message.refused?.code === 'NOT_LEADING') {
      this.#roots.deferred(message.refused.leader);
      this.#lost(attempt, `it does not lead: ${message.refused.message}`);
    } else if (message.refused) this.#deps.onMessage(message);
    else if (Boolean(message.welcome) === this.#up) this.#ignore(attempt, message);
    else if (message.welcome) this.#welcome(attempt, message.welcome);
    else this.#deps.onMessage(message);
  }

  /** A second Welcome, or anything before the first: said once per stream. */
  #ignore(attempt: Attempt, { body }: FromRoot): void {
    if (attempt.strange) return;
    attempt.strange = true;
    const when = this.#up ? 'after' : 'before';
    this.#deps.log.warn(
      { root: attempt.address, message: body },
      `ignored what the root sends out of order: ${body ?? 'nothing'} ${when} its Welcome`,
    );
  }

  /** Epoch 0 is that of a root with a store of its own: there is no other. */
  #welcome(attempt: Attempt, welcome: NonNullable<FromRoot['welcome']>): void {
    const { epoch, log, onUp } = this.#deps;
    if (welcome.epoch > 0 && welcome.epoch < epoch()) {
      this.#roots.deferred('');
      this.#lost(attempt, `it leads no more: its epoch is ${welcome.epoch}, there was ${epoch()}`);
      return;
    }
    this.#cancel();
    this.#up = true;
    this.#attempts = 0;
    this.#roots.welcomed(attempt.address);
    log.info({ cluster_id: welcome.cluster_id, root: attempt.address }, 'connected to the root');
    onUp(welcome);
  }

  /** `error` and `end` may both come; the first one counts. */
  #lost(attempt: Attempt, why: string): void {
    if (this.#current !== attempt) return;
    this.#current = undefined;
    this.#cancel();
    attempt.out.end();
    const { stream, close } = attempt.dialed;
    // its own cancellation would otherwise be an unhandled 'error'
    stream.removeAllListeners();
    stream.on('error', () => {});
    stream.cancel();
    close();
    const wasUp = this.#up;
    this.#up = false;
    if (wasUp) this.#deps.onDown();
    if (this.#stopped) return;
    this.#deps.log.debug({ root: attempt.address, error: why }, 'a root was left');
    // Many clusters lose a root at once: they do not all come back at once.
    if (wasUp) this.#retry(why);
    else this.#dialNext(why);
  }

  #retry(why: string): void {
    if (this.#roots.electing) this.#attempts = Math.min(this.#attempts, MOST_ATTEMPTS_OF_ELECTION);
    const wait = backoff(this.#attempts, RETRY);
    this.#attempts += 1;
    this.#deps.log.warn({ error: why, retry_in_ms: Math.round(wait) }, 'the root is out of reach');
    this.#cancel = this.#deps.clock.after(wait, () => this.start());
  }
}
