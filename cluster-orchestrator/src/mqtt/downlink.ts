import { type Clock, type Logger, messageOf, Seldom } from '@hedgerow/common';
import {
  type DeletePayload,
  type DeployPayload,
  DOWN,
  type LogsPayload,
  nodeTopic,
  type RegisterPayload,
  type TablePayload,
  type TableResultPayload,
} from '@hedgerow/protos';
import type { Broker } from './broker.ts';

export interface DownPayloads {
  [DOWN.deploy]: DeployPayload;
  [DOWN.delete]: DeletePayload;
  [DOWN.sync]: Record<string, never>;
  [DOWN.probe]: Record<string, never>;
  [DOWN.register]: RegisterPayload;
  [DOWN.tableResult]: TableResultPayload;
  [DOWN.table]: TablePayload;
  [DOWN.logs]: LogsPayload;
}

/** Lost ones are said again soon; kept for a worker that is away they would come too late. */
const REPEATED: ReadonlySet<string> = new Set([DOWN.probe, DOWN.logs]);

/** Everything that the cluster says to workers. */
export class Downlink {
  readonly #broker: () => Broker;
  readonly #log: Logger;
  readonly #seldom: Seldom;

  /** @param broker not there yet when the downlink is made */
  constructor(broker: () => Broker, log: Logger, clock: Clock) {
    this.#broker = broker;
    this.#log = log;
    this.#seldom = new Seldom(clock);
  }

  /** Never rejects: what does not get through is sent again by a deadline or found by a sync. */
  async send<L extends keyof DownPayloads>(
    workerId: string,
    leaf: L,
    payload: DownPayloads[L] | Buffer,
  ): Promise<boolean> {
    const qos = REPEATED.has(leaf) ? 0 : 1;
    try {
      const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
      await this.#broker().publish(nodeTopic(workerId, leaf), bytes, qos);
      return true;
    } catch (error) {
      const fields = { worker: workerId, topic: leaf, error: messageOf(error) };
      this.#seldom.say('not sent', more => this.#log.warn({ ...fields, more }, 'message not sent'));
      return false;
    }
  }
}
