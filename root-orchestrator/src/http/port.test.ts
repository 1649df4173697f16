import assert from 'node:assert/strict';
import { createConnection, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { openPort, type Port } from './port.ts';

const clock = manualClock();
const preludes: Buffer[] = [];
let port: Port;

before(async () => {
  port = await openPort(
    { host: '127.0.0.1', port: 0 },
    {
      clock,
      http(request, response) {
        let size = 0;
        request.on('data', chunk => {
          size += chunk.length;
        });
        request.on('end', () => response.end(`${request.method} ${request.url} ${size}`));
      },
      http2(socket) {
        socket.once('data', chunk => {
          preludes.push(Buffer.from(chunk));
          socket.end('two');
        });
      },
    },
  );
});
after(() => port.close());

function dial(): Promise<Socket> {
  const number = 'port' in port.address ? port.address.port : 0;
  const socket = createConnection({ host: '127.0.0.1', port: number, allowHalfOpen: true, noDelay: true });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

async function readAll(socket: Socket): Promise<string> {
  let all = '';
  for await (const chunk of socket) all += chunk;
  return all;
}

/** Sends every part in a packet of its own. */
async function send(socket: Socket, parts: string[]): Promise<void> {
  for (const part of parts) {
    await new Promise<void>(resolve => socket.write(part, () => resolve()));
    await turn();
  }
}

const GET = 'GET /one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

test('HTTP/1 in one piece, in single bytes, and with its writing side closed', async () => {
  for (const parts of [[GET], [...GET], [GET.slice(0, 1), GET.slice(1)]]) {
    const socket = await dial();
    await send(socket, parts);
    socket.end();
    assert.match(await readAll(socket), /GET \/one 0$/);
  }
});

test('methods that begin as the preface does', async () => {
  for (const method of ['POST', 'PUT', 'PATCH']) {
    const socket = await dial();
    const head = `${method} /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n`;
    await send(socket, [method.slice(0, 1), head.slice(1), 'hel', 'lo']);
    assert.match(await readAll(socket), new RegExp(`${method} /p 5$`));
  }
});

test('a large body, and a second request on the same connection', async () => {
  const socket = await dial();
  const size = 1_000_000;
  socket.write(`POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}${GET}`);
  const answer = await readAll(socket);
  assert.match(answer, new RegExp(`POST /big ${size}`));
  assert.match(answer, /GET \/one 0$/);
});

test('HTTP/2 is handed over with every byte, however it was cut', async () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  for (const parts of [[preface], ['P', 'RI', preface.slice(3)]]) {
    const socket = await dial();
    await send(socket, parts);
    assert.equal(await readAll(socket), 'two');
    assert.ok(preface.startsWith(preludes.at(-1)?.toString() ?? '-'));
    assert.ok((preludes.at(-1)?.length ?? 0) >= 3);
  }
});

test('a connection that says nothing, or half a preface, is cut after a while', async () => {
  for (const parts of [[], ['PR']]) {
    const socket = await dial();
    await send(socket, parts);
    // Accepted and looked at once another connection that came later was answered.
    const later = await dial();
    later.write(GET);
    await readAll(later);
    clock.advance(10_000);
    assert.equal(await readAll(socket).catch(() => ''), '');
    socket.destroy();
  }
});

test('a connection that ends at once, or is reset, harms nobody', async () => {
  (await dial()).end();
  const reset = await dial();
  reset.write('P');
  reset.resetAndDestroy();
  const socket = await dial();
  socket.write(GET);
  assert.match(await readAll(socket), /GET \/one 0$/);
});

test('a request in flight is answered when the port closes', async () => {
  let release = (): void => {};
  let started = (): void => {};
  const arrived = new Promise<void>(resolve => {
    started = resolve;
  });
  const own = await openPort(
    { host: '127.0.0.1', port: 0 },
    {
      clock: systemClock,
      http(_request, response) {
        release = () => response.end('late');
        started();
      },
      http2: socket => socket.destroy(),
    },
  );
  const number = 'port' in own.address ? own.address.port : 0;
  const socket = createConnection({ host: '127.0.0.1', port: number });
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await arrived;
  const closed = own.close();
  release();
  assert.match(await readAll(socket), /late/);
  await closed;
});
