/**
 * Workers' accounts at a Mosquitto with the dynamic security plug-in: made at registration, removed with the worker,
 * and compared as a whole at each connection, because the broker may have lost or kept what it should not.
 */
import { type Clock, every, HedgerowError, type Logger, messageOf, SerialByKey } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Worker } from '../../model.ts';
import type { Accounts } from './accounts.ts';
import type { Command, Control } from './control.ts';
import { type Account, difference, grantCommands, revokeCommands } from './difference.ts';
import { brokerPassword } from './password.ts';

export interface DynamicSecurityOptions {
  control: Control;
  clusterName: string;
  /** the cluster's own user at the broker */
  user: string;
  /** workers' passwords are made of it */
  key: string;
  workers: () => readonly Worker[];
  clock: Clock;
  log: Logger;
}

/** ms between two attempts when the broker refused something */
const AGAIN = 30_000;
/** The plug-in writes its whole file for each command and the broker serves nobody meanwhile. */
const COMMANDS_AT_ONCE = 40;
const ONE = 'all';

/** `absent`: no plug-in, or no right to use it. `due`: the broker may not have what it should have. */
type State = 'offline' | 'absent' | 'due' | 'done';

export class DynamicSecurity implements Accounts {
  readonly #options: DynamicSecurityOptions;
  /** one task at a time, so that a comparison never meets a half-made account */
  readonly #order = new SerialByKey();
  readonly #stop: () => void;
  #state: State = 'offline';
  #warned = false;

  constructor(options: DynamicSecurityOptions) {
    this.#options = options;
    this.#stop = every(options.clock, AGAIN, () => this.#compare());
  }

  passwordOf(worker: Worker): string {
    return brokerPassword(this.#options.key, worker);
  }

  grant(worker: Worker): Promise<void> {
    return this.#change(worker.id, grantCommands(this.#options.clusterName, this.#accountOf(worker)));
  }

  revoke(workerId: string): Promise<void> {
    return this.#change(workerId, revokeCommands(this.#options.clusterName, workerId));
  }

  /** A message on the topic of answers. */
  receive(payload: Buffer): void {
    this.#options.control.receive(payload);
  }

  connected(): void {
    this.#state = 'due';
    void this.#compare();
  }

  disconnected(): void {
    this.#state = 'offline';
    this.#options.control.lost();
  }

  stop(): void {
    this.#stop();
    this.disconnected();
  }

  /** Never rejects. Does nothing when nothing is due. */
  #compare(): Promise<void> {
    return this.#order.run(ONE, async () => {
      if (this.#state !== 'due') return;
      await this.#attempt('the accounts of all workers', async () => {
        const { control, clusterName, user, workers, log } = this.#options;
        await control.open();
        const listed = await control.list();
        const accounts = workers().map(worker => this.#accountOf(worker));
        const commands = difference({ clusterName, user, accounts }, listed);
        await this.#run(commands);
        log.info(
          { workers: accounts.length, changes: commands.length },
          'the broker has the workers’ accounts',
        );
        this.#state = 'done';
      });
    });
  }

  #change(worker: string, commands: readonly Command[]): Promise<void> {
    if (this.#state === 'offline' || this.#state === 'absent') return Promise.resolve();
    return this.#order.run(ONE, () =>
      this.#attempt(`the account of worker ${worker}`, () => this.#run(commands)),
    );
  }

  async #run(commands: readonly Command[]): Promise<void> {
    for (let at = 0; at < commands.length; at += COMMANDS_AT_ONCE) {
      await this.#options.control.run(commands.slice(at, at + COMMANDS_AT_ONCE));
    }
  }

  /** What fails is due: the next comparison makes up for it. */
  async #attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      // a connection that ended is followed by another one, and that by a comparison
      if (this.#state === 'offline') return;
      const silent = error instanceof HedgerowError && error.kind === ERRORS.BROKER_SILENT;
      if (silent && this.#state === 'due') return this.#isAbsent();
      this.#state = 'due';
      this.#options.log.error({ error: messageOf(error) }, `${what} could not be set at the broker`);
    }
  }

  #isAbsent(): void {
    this.#state = 'absent';
    if (this.#warned) return;
    this.#warned = true;
    const why = `the broker has no dynamic security plug-in, or user ${this.#options.user} may not use it`;
    this.#options.log.warn(
      { why },
      'workers’ accounts and topic rights are left to the broker: docs/mosquitto.md',
    );
  }

  #accountOf(worker: Worker): Account {
    return { workerId: worker.id, password: this.passwordOf(worker) };
  }
}
