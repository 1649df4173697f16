import { type Logger, messageOf } from '@hedgerow/common';
import {
  type DeletePayload,
  type DeployPayload,
  DOWN,
  nodeTopic,
  type TablePayload,
  type TableResultPayload,
} from '@hedgerow/protos';
import type { Broker } from './broker.ts';

export interface DownPayloads {
  [DOWN.deploy]: DeployPayload;
  [DOWN.delete]: DeletePayload;
  [DOWN.sync]: Record<string, never>;
  [DOWN.probe]: Record<string, never>;
  [DOWN.tableResult]: TableResultPayload;
  [DOWN.table]: TablePayload;
}

/** Everything that the cluster says to workers. */
export class Downlink {
  readonly #broker: () => Broker;
  readonly #log: Logger;

  /** @param broker not there yet when the downlink is made */
  constructor(broker: () => Broker, log: Logger) {
    this.#broker = broker;
    this.#log = log;
  }

  /** Never rejects: what does not get through is sent again by a deadline or found by a sync. */
  async send<L extends keyof DownPayloads>(
    workerId: string,
    leaf: L,
    payload: DownPayloads[L],
  ): Promise<void> {
    const qos = leaf === DOWN.probe ? 0 : 1;
    try {
      await this.#broker().publish(nodeTopic(workerId, leaf), Buffer.from(JSON.stringify(payload)), qos);
    } catch (error) {
      this.#log.warn({ worker: workerId, topic: leaf, error: messageOf(error) }, 'message not sent');
    }
  }
}
