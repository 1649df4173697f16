import type { Running } from '@hedgerow/common';
import type { Accounts } from './accounts/accounts.ts';

export interface UpMessage {
  topic: string;
  payload: Buffer;
  /** kept by the broker from earlier: tells a state, not that anybody is there now */
  retained: boolean;
}

/**
 * What the cluster needs of an MQTT broker. What is published to one worker arrives in the order of the calls; QoS 1
 * waits for a worker whose session is kept.
 */
export interface Broker extends Running {
  /** for workers: "" = the address that they registered at */
  readonly host: string;
  readonly port: number;
  readonly accounts: Accounts;
  /** Are messages getting through to the broker itself? */
  reachable(): boolean;
  /** Resolves when the broker has it. @throws BROKER_FAILED */
  publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void>;
}

/** Gets every message of every up topic; must not throw. */
export type UpHandler = (message: UpMessage) => void;
