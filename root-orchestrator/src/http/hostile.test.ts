/** What no client sends by mistake: the root answers in its own words, lives, and has room for the next. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Random } from '@hedgerow/common/testing';
import { answersIn, dial, dialMany, readAll } from '../testing/raw.ts';
import { startTestRoot, type TestRoot } from '../testing/root.ts';

let root: TestRoot;
let token: string;

before(async () => {
  root = await startTestRoot();
  token = await root.login();
});
after(() => root.stop());

const LAST = 'Connection: close\r\n\r\n';
const alive = async () => assert.equal((await root.call('GET', '/healthz')).status, 200);

async function ask(...parts: string[]): Promise<string> {
  const socket = await dial(root.url);
  for (const part of parts) socket.write(part);
  return readAll(socket);
}

describe('what is answered, and closed', () => {
  const POST = 'POST /api/auth/login HTTP/1.1\r\nHost: x\r\n';
  const cases: [name: string, request: string, status: number, error: string][] = [
    ['a target that is no URL', `GET http://[/x HTTP/1.1\r\nHost: x\r\n${LAST}`, 400, 'REQUEST_INVALID'],
    ['a target without a path', `GET mailto:x HTTP/1.1\r\nHost: x\r\n${LAST}`, 400, 'REQUEST_INVALID'],
    ['a star', `GET * HTTP/1.1\r\nHost: x\r\n${LAST}`, 404, 'PATH_UNKNOWN'],
    ['no host', `GET /healthz HTTP/1.1\r\n${LAST}`, 400, 'REQUEST_INVALID'],
    ['words', 'hello, is anybody there?\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['another version', 'GET / HTTP/9.9\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['a space in a field', `GET / HTTP/1.1\r\nHost : x\r\n\r\n`, 400, 'REQUEST_INVALID'],
    ['a long head', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    [
      'a length beside chunks',
      `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'REQUEST_INVALID',
    ],
    ['two lengths', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, 400, 'REQUEST_INVALID'],
    ['a length below zero', `${POST}Content-Length: -1\r\n\r\n`, 400, 'REQUEST_INVALID'],
    ['chunks that are not last', `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n`, 400, 'REQUEST_INVALID'],
    ['no chunk', `${POST}Transfer-Encoding: chunked\r\n\r\nzebra\r\n`, 400, 'REQUEST_INVALID'],
    [
      'a chunk of some EiB',
      `${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n`,
      400,
      'REQUEST_INVALID',
    ],
  ];
  for (const [name, request, status, error] of cases) {
    test(name, async () => {
      const [answer] = answersIn(await ask(request));
      assert.equal(answer?.status, status, answer?.head ?? 'nothing');
      assert.equal(JSON.parse(answer?.body ?? '').error, error);
      await alive();
    });
  }

  test('a whole URL is a path, as for a proxy', async () => {
    const [answer] = answersIn(await ask(`GET http://somewhere:1/readyz?x=1 HTTP/1.1\r\nHost: x\r\n${LAST}`));
    assert.equal(answer?.status, 200);
  });

  test('a body that anybody may send is small', async () => {
    const { status, body } = await root.call('POST', '/api/auth/login', { username: 'x'.repeat(20_000) });
    assert.deepEqual([status, body.error], [413, 'BODY_TOO_LARGE']);
  });
});

test('many requests at once on one connection are answered in their order', async () => {
  const paths = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? '/healthz' : `/nowhere/${at}`));
  const requests = paths.map(path => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const answers = answersIn(await ask(requests.join(''), `GET /healthz HTTP/1.1\r\nHost: x\r\n${LAST}`));
  assert.equal(answers.length, 101);
  for (const [at, path] of paths.entries())
    assert.ok(answers[at]?.body.includes(at % 2 === 0 ? '"ok"' : path), `${at}: ${answers[at]?.body}`);
});

test('what breaks behind a request that is good is no answer to it', async () => {
  const socket = await dial(root.url);
  socket.write('GET /api/docs/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n\0\0\0\0');
  const [first] = answersIn(await readAll(socket));
  assert.notEqual(first?.status, 400);
  await alive();
});

test('random bytes, and requests that are cut or altered at random', async () => {
  const seed = randomBytes(4).readUInt32LE();
  const chance = new Random(seed);
  const body = JSON.stringify({ username: 'Admin', password: 'x' });
  const good = Buffer.from(
    `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${LAST}${body}`,
  );
  const bytes = (at: number): Buffer => {
    if (at % 4 === 0)
      return Buffer.from(Array.from({ length: 1 + 600 * chance.next() }, () => 256 * chance.next()));
    if (at % 4 === 1) return Buffer.from(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${chance.next()}`);
    if (at % 4 === 2) return good.subarray(0, 1 + good.length * chance.next());
    const altered = Buffer.from(good);
    for (let times = 0; times < 5; times += 1)
      altered[Math.floor(altered.length * chance.next())] = 256 * chance.next();
    return altered;
  };
  const sockets = await dialMany(root.url, 200, bytes);
  for (const socket of sockets) socket.end();
  await Promise.all(sockets.map(socket => (socket.resume().closed ? null : once(socket, 'close'))));
  await alive().catch(error => {
    throw new Error(`seed ${seed}`, { cause: error });
  });
});

function destroyAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

describe('connections that only stay', () => {
  const half = (at: number) => (at % 2 === 0 ? 'GET /api/appl' : `GET / HTTP/1.1\r\nHost: x\r\nX-${at}: `);
  const halfBody = () =>
    `POST /api/application HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 900\r\n\r\n{`;
  const isOpen = (socket: Socket) => !socket.closed && !socket.readableEnded;

  test('500 of them keep nobody from being answered', async t => {
    const sockets = await dialMany(root.url, 500, at => {
      if (at < 200) return '';
      return at < 350 ? half(at) : halfBody();
    });
    t.after(() => destroyAll(sockets));
    await alive();
    assert.equal((await root.call('GET', '/api/applications', undefined, token)).status, 200);
    assert.equal((await root.call('POST', '/api/application', {}, token)).status, 422);
    assert.equal((await root.call('GET', '/readyz')).status, 200);
    assert.equal(sockets.filter(isOpen).length, 500);
  });

  test('what is not whole in time is told so, and closed; so is what says nothing', async t => {
    const own = await startTestRoot({ port: { silence: 100, request: 200, keepAlive: 100 } });
    t.after(() => own.stop());
    const parts = ['', 'PR', half(0), half(1), 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'];
    const sockets = await dialMany(own.url, parts.length, at => parts[at] ?? '');
    const said = await Promise.all(sockets.map(readAll));
    assert.deepEqual(said.slice(0, 2), ['', '']);
    const [whole] = answersIn(said[2] ?? '');
    assert.deepEqual([whole?.status, JSON.parse(whole?.body ?? '').error], [408, 'REQUEST_TIMEOUT']);
    const [kept] = await dialMany(own.url, 1, () => 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal(answersIn(await readAll(kept as Socket))[0]?.status, 200);
  });

  test('beyond so many they are closed at once, until one goes', async t => {
    const own = await startTestRoot({ port: { connections: 5 } });
    t.after(() => own.stop());
    const sockets = await dialMany(own.url, 5, () => 'G');
    t.after(() => destroyAll(sockets));
    assert.equal(await readAll(await dial(own.url)), '');
    const [first] = sockets;
    first?.destroy();
    await assert.doesNotReject(async () => {
      while ((await own.call('GET', '/healthz').catch(() => null))?.status !== 200);
    });
  });
});
