/** One connection to a broker that keeps silent where it should speak. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import mqttPacket, { type ISubscribePacket, type Packet } from 'mqtt-packet';
import { openSession } from './session.ts';

const WORKER = 'a'.repeat(24);

describe('a session', () => {
  let server: Server;
  let sockets: Socket[];
  let clock: ManualClock;
  /** what the broker answers */
  let answer: (packet: Packet) => Packet | null;
  /** resolves with the next packet of this kind */
  let got: (kind: Packet['cmd']) => Promise<void>;

  beforeEach(async () => {
    clock = manualClock();
    sockets = [];
    const waiting = new Map<string, () => void>();
    got = kind => new Promise(resolve => waiting.set(kind, resolve));
    // its side of a connection stays open whatever the other one does, as on a line that has been cut
    server = createServer({ allowHalfOpen: true }, socket => {
      sockets.push(socket);
      socket.on('error', () => {});
      const parser = mqttPacket.parser();
      parser.on('packet', packet => {
        const said = answer(packet);
        if (said) socket.write(mqttPacket.generate(said));
        waiting.get(packet.cmd)?.();
      });
      socket.on('data', (data: Buffer) => parser.parse(data));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  const open = () =>
    openSession({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      workerId: WORKER,
      username: WORKER,
      password: 'secret',
      clock,
      keepalive: 60,
      onMessage: async () => {},
    });

  it('is not there when the broker does not answer SUBSCRIBE in 5 s', async () => {
    answer = ({ cmd }) =>
      cmd === 'connect' ? { cmd: 'connack', returnCode: 0, sessionPresent: false } : null;
    const subscribing = got('subscribe');
    const refused = assert.rejects(open(), { code: 'BROKER_AWAY', message: /no answer to SUBSCRIBE in 5 s/ });
    await subscribing;
    clock.advance(5000);
    await refused;
  });

  it('ends in 2 s also on a line that is dead', async () => {
    answer = packet => {
      if (packet.cmd === 'connect') return { cmd: 'connack', returnCode: 0, sessionPresent: false };
      if (packet.cmd !== 'subscribe') return null;
      const { messageId = 0, subscriptions } = packet as ISubscribePacket;
      return { cmd: 'suback', messageId, granted: subscriptions.map(() => 1) };
    };
    const session = await open();
    // never acknowledged, so the client would wait with its DISCONNECT, too
    const arrived = got('publish');
    session.publish('job', { status: 'RUNNING' }, { qos: 1 });
    await arrived;
    let ended = false;
    const end = session.end().then(() => {
      ended = true;
    });
    await new Promise(setImmediate);
    assert.equal(ended, false);
    clock.advance(2000);
    await end;
  });
});
