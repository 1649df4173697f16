/**
 * A broker that is not ours (Mosquitto, EMQX): the cluster is one of its clients. Who may connect to it and what a
 * worker may reach is that broker's own configuration.
 */
import type { Socket } from 'node:net';
import { HedgerowError, type Logger, messageOf } from '@hedgerow/common';
import { UP } from '@hedgerow/protos';
import { connect, type MqttClient } from 'mqtt';
import { ERRORS } from '../errors.ts';
import type { Broker, UpHandler } from './broker.ts';

export interface OutsideOptions {
  /** `mqtt://user:password@host:port` */
  url: string;
  onMessage: UpHandler;
  log: Logger;
}

/** ms between attempts to reach the broker */
const RECONNECT = 1000;
/** seconds; how soon a dead broker is noticed */
const KEEPALIVE = 10;

/** Does not wait for the connection: the cluster starts without its broker and catches up by the workers' syncs. */
export function startOutsideBroker(options: OutsideOptions): Broker {
  const url = new URL(options.url);
  const client = connect(options.url, {
    protocolVersion: 4,
    reconnectPeriod: RECONNECT,
    keepalive: KEEPALIVE,
    queueQoSZero: false,
    resubscribe: false,
  });
  let reachable = false;
  client.on('connect', () => {
    // the client writes a packet in pieces, which Nagle's algorithm would hold back for 40 ms
    (client.stream as Socket).setNoDelay(true);
    subscribe(client).then(
      () => {
        reachable = true;
        options.log.info({ broker: url.host }, 'connected to the broker');
      },
      (error: unknown) => options.log.error({ error: messageOf(error) }, 'the broker refused a subscription'),
    );
  });
  client.on('close', () => {
    if (reachable) options.log.warn({ broker: url.host }, 'lost the broker; connecting again');
    reachable = false;
  });
  client.on('error', error => options.log.warn({ error: messageOf(error) }, 'broker connection failed'));
  client.on('message', (topic, payload, packet) =>
    options.onMessage({ topic, payload, retained: packet.retain }),
  );
  return {
    host: url.hostname,
    port: Number(url.port || (url.protocol === 'mqtts:' ? 8883 : 1883)),
    reachable: () => reachable,
    publish: (topic, payload, qos) => publish(client, topic, payload, qos),
    stop: () => client.endAsync(true),
  };
}

async function subscribe(client: MqttClient): Promise<void> {
  const once = new Set<string>([UP.beat, UP.jobsResources]);
  const topics = Object.values(UP).map(leaf => [`nodes/+/${leaf}`, { qos: once.has(leaf) ? 0 : 1 }] as const);
  await client.subscribeAsync(Object.fromEntries(topics));
}

async function publish(client: MqttClient, topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
  try {
    await client.publishAsync(topic, payload, { qos });
  } catch (cause) {
    throw new HedgerowError(ERRORS.BROKER_FAILED, messageOf(cause), { cause });
  }
}
