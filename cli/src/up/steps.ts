/** One line per step with its time, as it ends. */
export class Steps {
  readonly #say: (text: string) => void;
  readonly #signal: AbortSignal;

  constructor(say: (text: string) => void, signal: AbortSignal) {
    this.#say = say;
    this.#signal = signal;
  }

  /** @param result adds what is worth knowing to the line. @throws at once when the person has pressed Ctrl-C */
  async run<T>(name: string, action: () => Promise<T>, result: (value: T) => string = () => ''): Promise<T> {
    this.#signal.throwIfAborted();
    const start = performance.now();
    try {
      const value = await action();
      this.#line(name, result(value), performance.now() - start);
      return value;
    } catch (error) {
      this.#line(name, 'failed', performance.now() - start);
      throw error;
    }
  }

  #line(name: string, note: string, ms: number): void {
    const what = note === '' ? name : `${name}: ${note}`;
    this.#say(`  ${what.padEnd(72)} ${duration(ms).padStart(7)}\n`);
  }
}

export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
