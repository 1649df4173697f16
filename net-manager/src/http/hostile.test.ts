/** Whatever comes to its port: it answers or closes, and serves the next one. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { type ServerLimits, SMALL, silentLogger } from '@hedgerow/common';
import { Random } from '@hedgerow/common/testing';
import type { NetManager } from '@hedgerow/protos';
import { type HttpServer, startHttp } from './server.ts';

/** Manager and pages are not what is tested; the checks of the Manager have tests of their own. */
const QUIET = {
  status: async () => ({ registered: false }),
  setTable: async () => {},
} as unknown as NetManager;
const FAST: ServerLimits = {
  ...SMALL,
  headersTimeout: 150,
  requestTimeout: 300,
  connectionsCheckingInterval: 30,
  connections: 10,
};
const PAGES = {} as never;

async function start(t: TestContext, limits = FAST): Promise<HttpServer> {
  const where = { host: '127.0.0.1', port: 0 };
  const server = await startHttp(where, QUIET, PAGES, silentLogger, limits);
  t.after(() => server.stop());
  return server;
}

/** Writes and waits for the end of the connection. @returns what came back */
function exchange({ address }: HttpServer, bytes: Buffer | string, end = true): Promise<string> {
  return new Promise(resolve => {
    let got = '';
    const socket = connect({ ...(address as { host: string; port: number }) });
    socket.on('data', data => {
      got += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(got));
    socket.write(bytes);
    if (end) socket.end();
  });
}

async function stillServes(server: HttpServer): Promise<void> {
  const answer = await exchange(
    server,
    'GET /status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    false,
  );
  assert.match(answer, /^HTTP\/1\.1 200 .*"registered":false/s);
}

const POST = (path: string, headers: string, body = '') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n${body}`;
const CASES: [what: string, bytes: string, answer: RegExp][] = [
  ['nothing', '', /^$/],
  ['a line end', '\r\n', /^/],
  ['half a request line', 'GET /sta', /^(HTTP\/1\.1 400|$)/],
  ['a method of nobody', 'PROPFIND /status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', / 404 /],
  ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', / 400 /],
  ['a header without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}`, / 431 |^$/],
  ['many headers', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(5000)}\r\n`, / 431 |^$/],
  ['two lengths', POST('/register', 'content-length: 1\r\ncontent-length: 2', 'x'), / 400 /],
  [
    'length and chunks',
    POST('/register', 'content-length: 3\r\ntransfer-encoding: chunked', '0\r\n\r\n'),
    / 400 /,
  ],
  ['a negative length', POST('/register', 'content-length: -1'), / 400 /],
  ['a length that is a word', POST('/register', 'content-length: much'), / 400 /],
  ['a chunk of nonsense', POST('/register', 'transfer-encoding: chunked', 'zz\r\nx'), / 400 /],
  ['a body that never ends', POST('/register', 'content-length: 1000', '{'), /^/],
  [
    'a large body in chunks',
    POST('/entry', 'transfer-encoding: chunked', chunks('y'.repeat(70_000))),
    / 404 /,
  ],
  [
    'a large registration in chunks',
    POST('/register', 'transfer-encoding: chunked', chunks('y'.repeat(70_000))),
    / 413 |^$/,
  ],
  ['lists within lists', POST('/register', 'content-length: 60000', '['.repeat(60_000)), / 400 /],
  ['an upgrade', 'GET /status HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: y\r\n\r\n', /^/],
  ['CONNECT', 'CONNECT 192.0.2.1:80 HTTP/1.1\r\nhost: x\r\n\r\n', /^/],
  [
    'a pipeline',
    'GET /status HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20),
    /^(HTTP\/1\.1 200 OK\r\n[^{]*\{"registered":false\}){20}$/s,
  ],
];

function chunks(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

test('what is no request', async t => {
  const server = await start(t);
  for (const [what, bytes, answer] of CASES)
    await t.test(what, async () => {
      assert.match(await exchange(server, bytes), answer);
      await stillServes(server);
    });
});

test('who is slow is let go of, and others are served meanwhile', async t => {
  const server = await start(t);
  const slow = [
    '',
    'GET /status HTTP/1.1\r\nhost',
    POST('/register', 'content-length: 9', '{'),
    POST('/table', 'content-length: 9', '['),
  ].map(bytes => exchange(server, bytes, false));
  await stillServes(server);
  for (const answer of await Promise.all(slow)) assert.match(answer, /^(HTTP\/1\.1 408|$)/);
});

test('who takes all places is sent away, and the next one is served', async t => {
  const server = await start(t);
  const sockets: Socket[] = [];
  for (let open = 0; open < FAST.connections; open++)
    sockets.push(connect({ ...(server.address as { host: string; port: number }) }));
  await Promise.all(sockets.map(socket => new Promise(resolve => socket.once('connect', resolve))));
  assert.equal(await exchange(server, 'GET /status HTTP/1.1\r\n\r\n', false), '');
  for (const socket of sockets) socket.destroy();
  await new Promise(resolve => setTimeout(resolve, 20));
  await stillServes(server);
});

test('bytes by chance', async t => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  const chance = new Random(seed);
  t.diagnostic(`SEED=${seed}`);
  const server = await start(t);
  const whole = Buffer.from(POST('/register', 'content-length: 20', '{"client_id":"a"}   '));
  for (let round = 0; round < 150; round++) {
    const bytes = chance.next() < 0.3 ? noise(chance) : damaged(whole, chance);
    const answer = await exchange(server, bytes);
    assert.match(answer, /^(HTTP\/1\.1 [45]\d\d |$)/, `SEED=${seed}, round ${round}`);
  }
  await stillServes(server);
});

function noise(chance: Random): Buffer {
  return Buffer.from(
    Array.from({ length: Math.floor(chance.next() * 300) }, () => Math.floor(chance.next() * 256)),
  );
}

function damaged(whole: Buffer, chance: Random): Buffer {
  const bytes = Buffer.from(whole.subarray(0, Math.floor(chance.next() * (whole.length + 1))));
  for (let flips = Math.floor(chance.next() * 4); flips > 0 && bytes.length > 0; flips--)
    bytes[Math.floor(chance.next() * bytes.length)] = Math.floor(chance.next() * 256);
  return bytes;
}
