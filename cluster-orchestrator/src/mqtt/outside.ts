/**
 * A broker that is not ours (Mosquitto, EMQX): the cluster is one of its clients. Workers' accounts are made there when
 * it has Mosquitto's dynamic security plug-in; else who may connect and what a worker may reach is its own business.
 */
import type { Socket } from 'node:net';
import { type Clock, type Logger, messageOf } from '@hedgerow/common';
import { DOWN, parseNodeTopic, UP } from '@hedgerow/protos';
import { connect, type MqttClient } from 'mqtt';
import type { Worker } from '../model.ts';
import { derivedAccounts } from './accounts/accounts.ts';
import { ANSWER_TOPIC, Control } from './accounts/control.ts';
import { DynamicSecurity } from './accounts/dynamic-security.ts';
import type { Broker, UpHandler } from './broker.ts';
import { Outbox } from './outbox.ts';
import { Pulse } from './pulse.ts';
import { withinQuota } from './quota.ts';

export interface OutsideOptions {
  /** `mqtt://user:password@host:port` */
  url: string;
  /** instead of those in the URL; '' = those */
  user: string;
  password: string;
  /** `host:port` that workers are told; '' = those of the URL; an empty host = where they registered */
  publicAddress: string;
  /** `auto`: through the plug-in, when it is there */
  accounts: 'auto' | 'preset';
  /** workers' passwords are made of it */
  key: string;
  clusterName: string;
  workers: () => readonly Worker[];
  onMessage: UpHandler;
  clock: Clock;
  log: Logger;
}

/** ms between attempts to reach the broker */
const RECONNECT = 1000;
/** ms from dialing to the broker's answer */
const CONNECT_TIMEOUT = 10_000;
/** seconds; how soon a dead broker is noticed */
const KEEPALIVE = 10;

/** Does not wait for the connection: the cluster starts without its broker and catches up by the workers' syncs. */
export function startOutsideBroker(options: OutsideOptions): Broker {
  const url = new URL(options.url);
  const client = dial(options);
  const outbox = new Outbox(client, options.clock);
  const security = securityOf(options, client, outbox, options.user || decodeURIComponent(url.username));
  const onMessage = withinQuota(options.onMessage, options);
  const pulse = new Pulse(client, options.clock);
  let reachable = false;
  client.on('connect', () => {
    // the client writes a packet in pieces, which Nagle's algorithm would hold back for 40 ms
    (client.stream as Socket).setNoDelay(true);
    subscribe(client).then(
      () => {
        reachable = true;
        options.log.info({ broker: url.host }, 'connected to the broker');
        security?.connected();
      },
      (error: unknown) => options.log.error({ error: messageOf(error) }, 'the broker refused a subscription'),
    );
  });
  client.on('close', () => {
    if (reachable) options.log.warn({ broker: url.host }, 'lost the broker; connecting again');
    reachable = false;
    security?.disconnected();
  });
  client.on('error', error => options.log.warn({ error: messageOf(error) }, 'broker connection failed'));
  client.on('message', (topic, payload, packet) => {
    if (topic === ANSWER_TOPIC) security?.receive(payload);
    else onMessage({ topic, payload, retained: packet.retain });
  });
  return {
    ...toldAddress(options.publicAddress, url),
    accounts: security ?? derivedAccounts(options.key),
    reachable: () => reachable && pulse.isFelt(),
    publish(topic, payload, qos) {
      if (parseNodeTopic(topic)?.leaf === DOWN.probe) pulse.feel();
      return outbox.publish(topic, payload, qos);
    },
    async stop() {
      reachable = false;
      security?.stop();
      await client.endAsync(true);
    },
  };
}

function dial({ url, user, password }: OutsideOptions): MqttClient {
  return connect(url, {
    protocolVersion: 4,
    connectTimeout: CONNECT_TIMEOUT,
    reconnectPeriod: RECONNECT,
    keepalive: KEEPALIVE,
    queueQoSZero: false,
    resubscribe: false,
    ...(user === '' ? {} : { username: user }),
    ...(password === '' ? {} : { password }),
  });
}

function securityOf(
  { accounts, clock, log, ...options }: OutsideOptions,
  client: MqttClient,
  outbox: Outbox,
  user: string,
): DynamicSecurity | null {
  if (accounts === 'preset') return null;
  if (user === '') {
    log.warn({}, 'the broker is used without a user: who reaches which topics there is left to it');
    return null;
  }
  const control = new Control(clock, {
    publish: (topic, payload) => outbox.publish(topic, payload, 1),
    subscribe: async topic => void (await client.subscribeAsync(topic, { qos: 1 })),
  });
  return new DynamicSecurity({ ...options, user, clock, log, control });
}

function toldAddress(told: string, url: URL): Pick<Broker, 'host' | 'port'> {
  if (told !== '') {
    const at = told.lastIndexOf(':');
    return { host: told.slice(0, at), port: Number(told.slice(at + 1)) };
  }
  return { host: url.hostname, port: Number(url.port || (url.protocol === 'mqtts:' ? 8883 : 1883)) };
}

async function subscribe(client: MqttClient): Promise<void> {
  const once = new Set<string>([UP.beat, UP.jobsResources]);
  const topics = Object.values(UP).map(leaf => [`nodes/+/${leaf}`, { qos: once.has(leaf) ? 0 : 1 }] as const);
  await client.subscribeAsync(Object.fromEntries(topics));
}
