/** Who may connect to the broker as a worker. */
import type { Worker } from '../../model.ts';
import { brokerPassword } from './password.ts';

export interface Accounts {
  /** What the worker shows the broker. @param secret what it shows the cluster */
  passwordOf(worker: Worker, secret: string): string;
  /**
   * Resolves when the worker can connect. A broker that is out of reach is not waited for: it gets the account when it
   * is back. Never rejects.
   */
  grant(worker: Worker): Promise<void>;
  /** The worker has left for good. Never rejects. */
  revoke(workerId: string): Promise<void>;
}

/** For a broker that asks the cluster at each connection: nothing has to be told in advance. */
export const noAccounts: Accounts = {
  passwordOf: (_, secret) => secret,
  grant: async () => {},
  revoke: async () => {},
};

/** For an outside broker that the cluster changes nothing at. */
export function derivedAccounts(key: string): Accounts {
  return { ...noAccounts, passwordOf: worker => brokerPassword(key, worker) };
}
