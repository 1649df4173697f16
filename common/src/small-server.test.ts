import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { closeServer, listen } from './listen.ts';
import { SMALL, smallServer } from './small-server.ts';

const FAST = { ...SMALL, headersTimeout: 100, connectionsCheckingInterval: 20, connections: 3 };

async function start(t: TestContext): Promise<() => Socket> {
  const server = smallServer((_, response) => response.end('here'), FAST);
  const { port } = (await listen(server, { host: '127.0.0.1', port: 0 })) as { port: number };
  t.after(() => {
    const closed = closeServer(server);
    server.closeAllConnections();
    return closed;
  });
  return () => connect(port, '127.0.0.1').on('error', () => {});
}

async function read(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

test('who says nothing, or says it one letter at a time, is let go of', async t => {
  const open = await start(t);
  const [silent, slow] = [open(), open()];
  const typing = setInterval(() => slow.write('x'), 20);
  slow.write('GET / HTTP/1.1\r\nx: ');
  const answers = await Promise.all([read(silent), read(slow)]);
  clearInterval(typing);
  for (const answer of answers) assert.match(answer, /^(HTTP\/1\.1 408|$)/);
});

test('a head that is too long is refused', async t => {
  const open = await start(t);
  const socket = open();
  socket.write(`GET / HTTP/1.1\r\nx: ${'y'.repeat(SMALL.maxHeaderSize)}\r\n\r\n`);
  assert.match(await read(socket), /^HTTP\/1\.1 431/);
});

test('who comes when all places are taken is sent away at once', async t => {
  const open = await start(t);
  const taken = [open(), open(), open()];
  await Promise.all(taken.map(socket => once(socket, 'connect')));
  assert.equal(await read(open()), '');
  for (const socket of taken) socket.destroy();
});
