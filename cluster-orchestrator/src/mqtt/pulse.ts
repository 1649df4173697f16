import type { Clock } from '@hedgerow/common';
import type { MqttClient } from 'mqtt';

/** ms that a broker has to answer; one that hangs is found by the client's keepalive too late for the workers behind it */
const ANSWERS_IN = 1000;

/**
 * Whether the broker answers. It is asked along with each worker that is probed: while it is silent itself, nobody
 * behind it can be heard.
 */
export class Pulse {
  readonly #client: MqttClient;
  readonly #clock: Clock;
  /** monotonic ms of the first question since the broker was heard */
  #askedAt: number | null = null;

  constructor(client: MqttClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    client.on('packetreceive', () => this.#felt());
    client.on('close', () => this.#felt());
  }

  feel(): void {
    if (!this.#client.connected || this.#askedAt !== null) return;
    this.#askedAt = this.#clock.monotonic();
    this.#client.sendPing();
  }

  isFelt(): boolean {
    return this.#askedAt === null || this.#clock.monotonic() - this.#askedAt < ANSWERS_IN;
  }

  #felt(): void {
    this.#askedAt = null;
  }
}
