import { type Clock, HedgerowError, messageOf } from '@hedgerow/common';
import type { MqttClient } from 'mqtt';
import { ERRORS } from '../errors.ts';

/** Messages that wait for the broker, which may be away: more than all orders that may be under way. */
const MOST_WAITING = 10_000;
/** ms that a broker has to take a message */
const TAKEN_IN = 30_000;

/**
 * What is on its way to an outside broker. So many messages may be, and none keeps its sender waiting for ever; one that
 * the client has taken may arrive later all the same, and does no harm then.
 */
export class Outbox {
  readonly #client: MqttClient;
  readonly #clock: Clock;
  readonly #most: number;
  #waiting = 0;

  constructor(client: MqttClient, clock: Clock, most = MOST_WAITING) {
    this.#client = client;
    this.#clock = clock;
    this.#most = most;
  }

  /** Resolves when the broker has it. @throws BROKER_FAILED */
  async publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
    if (this.#waiting >= this.#most) throw failed(`${this.#waiting} messages wait for the broker already`);
    this.#waiting += 1;
    const taken = this.#client.publishAsync(topic, payload, { qos }).finally(() => {
      this.#waiting -= 1;
    });
    await this.#inTime(taken);
  }

  #inTime(taken: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(failed(`the broker did not take a message in ${TAKEN_IN / 1000} s`));
      const cancel = this.#clock.after(TAKEN_IN, late);
      taken.then(
        () => {
          cancel();
          resolve();
        },
        (cause: unknown) => {
          cancel();
          reject(failed(messageOf(cause), cause));
        },
      );
    });
  }
}

function failed(why: string, cause?: unknown): HedgerowError {
  return new HedgerowError(ERRORS.BROKER_FAILED, why, { cause });
}
