/**
 * When the operations of a handle happen and when they are answered: in the order of the calls, and as promises, so that no
 * caller depends on SQLite being synchronous.
 */
import type { DatabaseSync } from 'node:sqlite';
import { translate, translated } from './errors.ts';

export interface Runner {
  read<R>(where: string, action: () => R): Promise<R>;
  /** @param told called when the write is stored, before its promise resolves */
  write<R>(where: string, action: () => R, told: (result: R) => void): Promise<R>;
  /** Everything that was called so far is stored and answered, or was refused. */
  flush(): void;
}

/** At once, each write as a transaction of its own: right where a commit does not wait for the disk. */
export class DirectRunner implements Runner {
  readonly #stored: () => void;

  /** @param stored called after each write */
  constructor(stored: () => void) {
    this.#stored = stored;
  }

  async read<R>(where: string, action: () => R): Promise<R> {
    return translate(where, action);
  }

  async write<R>(where: string, action: () => R, told: (result: R) => void): Promise<R> {
    const result = translate(where, action);
    told(result);
    this.#stored();
    return result;
  }

  flush(): void {}
}

/**
 * All writes of one turn of the event loop in one transaction at its end, and so with one wait for the disk: the writes of
 * several requests share it, and a lone one waits no longer than before. What is read after a write waits with it. An
 * operation that fails leaves the others alone; a commit that fails, fails them all.
 */
export class BatchRunner implements Runner {
  readonly #db: DatabaseSync;
  readonly #stored: () => void;
  #waiting: Operation[] = [];

  /** @param stored called after each commit */
  constructor(db: DatabaseSync, stored: () => void) {
    this.#db = db;
    this.#stored = stored;
  }

  async read<R>(where: string, action: () => R): Promise<R> {
    if (this.#waiting.length === 0) return translate(where, action);
    return new Promise((resolve, reject) => {
      const operation = perform(where, action, resolve, reject);
      // What was to be written is not there now; what is there can be read all the same.
      operation.fail = () => {
        operation.run();
        operation.settle();
      };
      this.#waiting.push(operation);
    });
  }

  write<R>(where: string, action: () => R, told: (result: R) => void): Promise<R> {
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    return new Promise((resolve, reject) => {
      const stored = (result: R): void => {
        told(result);
        resolve(result);
      };
      this.#waiting.push(perform(where, action, stored, reject));
    });
  }

  flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      this.#run(batch);
      for (const { settle } of batch) settle();
      if (batch.length > 0) this.#stored();
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
      for (const { fail } of batch) fail(error);
    }
  }

  /** @throws when nothing of the batch is stored */
  #run(batch: readonly Operation[]): void {
    if (batch.length < 2) {
      for (const { run } of batch) run();
      return;
    }
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { run } of batch) {
      const error = run();
      // After a full disk and the like SQLite has undone the whole transaction by itself.
      if (!this.#db.isTransaction) throw error;
    }
    this.#db.exec('COMMIT');
  }
}

interface Operation {
  /** @returns what went wrong with this one */
  run(): unknown;
  /** Answers with what came of `run`. */
  settle(): void;
  /** Answers that nothing of the batch was stored. */
  fail(error: unknown): void;
}

function perform<R>(
  where: string,
  action: () => R,
  resolve: (result: R) => void,
  reject: (error: unknown) => void,
): Operation {
  const operation: Operation = {
    run() {
      try {
        const result = action();
        operation.settle = () => resolve(result);
        return undefined;
      } catch (error) {
        operation.settle = () => reject(translated(where, error));
        return error;
      }
    },
    settle() {},
    fail: error => reject(translated(where, error)),
  };
  return operation;
}
