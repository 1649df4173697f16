import { messageOf } from './errors.ts';

/** What `start(config, deps)` of every role returns. */
export interface Running {
  stop(): Promise<void>;
}

/** Collects what must be undone and undoes it in reverse order, once; an error does not keep the rest from it. */
export class Lifecycle implements Running {
  readonly #steps: { name: string; stop: () => void | Promise<void> }[] = [];
  #stopping: Promise<void> | undefined;
  #stopped = false;

  /** @throws when everything has been stopped already: nobody would undo this step */
  add(name: string, stop: () => void | Promise<void>): void {
    if (this.#stopped) throw new Error(`${name} was started after the stop`);
    this.#steps.push({ name, stop });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    const failures: Error[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (cause) {
        failures.push(new Error(`stopping ${step.name} failed`, { cause }));
      }
    }
    this.#stopped = true;
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped');
  }
}

/**
 * Runs `start` with a lifecycle; when it throws, what had been started is stopped.
 * @throws what `start` threw; when stopping failed too, both in an AggregateError
 */
export async function startWith<T>(start: (life: Lifecycle) => Promise<T>): Promise<T & Running> {
  const life = new Lifecycle();
  try {
    const parts = await start(life);
    return Object.assign(parts as object, { stop: () => life.stop() }) as T & Running;
  } catch (error) {
    await life.stop().catch((failure: unknown) => {
      const message = `${messageOf(error)}; and then: ${messageOf(failure)}`;
      throw new AggregateError([error, failure], message, { cause: error });
    });
    throw error;
  }
}

/** ms that a start which is under way has to finish, so that what it made is undone, when it is told to stop */
const FINISH_START = 5000;

/**
 * For `main.ts`: waits for SIGINT or SIGTERM, stops, and exits; a second signal exits at once. Takes the promise of the
 * start, so that the process listens to signals before it says that it is ready.
 * @throws what the start threw
 */
export async function runUntilSignal(starting: Promise<Running>): Promise<never> {
  const signalled = nextSignal();
  const running = await Promise.race([starting, signalled.then(() => finished(starting))]);
  await signalled;
  void nextSignal().then(() => process.exit(130));
  const code = await running.stop().then(
    () => 0,
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      return 1;
    },
  );
  process.exit(code);
}

function nextSignal(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function finished(starting: Promise<Running>): Promise<Running> {
  setTimeout(() => process.exit(130), FINISH_START).unref();
  return starting;
}
