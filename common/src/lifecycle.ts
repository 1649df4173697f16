/** What `start(config, deps)` of every role returns. */
export interface Running {
  stop(): Promise<void>;
}

/** Collects what must be undone and undoes it in reverse order, once; an error does not keep the rest from it. */
export class Lifecycle implements Running {
  readonly #steps: { name: string; stop: () => void | Promise<void> }[] = [];
  #stopping: Promise<void> | undefined;

  add(name: string, stop: () => void | Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    const failures: Error[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step.stop();
      } catch (cause) {
        failures.push(new Error(`stopping ${step.name} failed`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped');
  }
}

/** Runs `start` with a lifecycle; when it throws, what had been started is stopped. */
export async function startWith<T>(start: (life: Lifecycle) => Promise<T>): Promise<T & Running> {
  const life = new Lifecycle();
  try {
    const parts = await start(life);
    return Object.assign(parts as object, { stop: () => life.stop() }) as T & Running;
  } catch (error) {
    await life.stop().catch(() => {});
    throw error;
  }
}

/** For `main.ts`: waits for SIGINT or SIGTERM, stops, and exits; a second signal exits at once. */
export async function runUntilSignal(running: Running): Promise<never> {
  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const code = await running.stop().then(
    () => 0,
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      return 1;
    },
  );
  process.exit(code);
}
