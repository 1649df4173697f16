import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Address, formatAddress, HedgerowError, listen } from '@hedgerow/common';
import { type ForwardDeps, forwarder } from './forward.ts';

let servers: Server[];
beforeEach(() => {
  servers = [];
});
afterEach(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener, address: Address = { host: '127.0.0.1', port: 0 }) {
  const server = createServer(listener);
  servers.push(server);
  return formatAddress(await listen(server, address));
}

/** A root that answers by itself only what nobody else has answered. */
function root(deps: Partial<ForwardDeps>): Promise<string> {
  const forward = forwarder({ rootId: 'me', leads: () => false, leader: () => null, ...deps });
  return serve((incoming, response) => {
    response.setHeader('X-Request-Id', 'story-1');
    forward(incoming, response).then(
      done => done || response.end('own answer'),
      (error: unknown) => {
        assert.ok(error instanceof HedgerowError, String(error));
        response.writeHead(error.kind.http).end(`${error.code}: ${error.message}`);
      },
    );
  });
}

const to = (address: string) => ({ leader: () => ({ epoch: 1, address }) });

test('a root that leads answers by itself', async () => {
  const url = await root({ leads: () => true, ...to('127.0.0.1:1') });
  assert.equal(await (await fetch(`http://${url}/x`)).text(), 'own answer');
});

test('else path, query, body and headers go on, and status, headers and body come back', async () => {
  const leader = await serve((incoming, response) => {
    const { authorization, 'x-request-id': id, 'x-hedgerow-forwarded-by': by, host } = incoming.headers;
    response.writeHead(418, { 'X-Kind': 'pot', 'X-Request-Id': String(id) });
    response.write(`${incoming.method} ${incoming.url} ${authorization} ${by} ${host === leader} `);
    incoming.pipe(response);
  });
  const url = await root(to(leader));
  const answer = await fetch(`http://${url}/api/x%2Fy?follow=true&a=%20b`, {
    method: 'POST',
    headers: { Authorization: 'Bearer t' },
    body: 'the body',
  });
  assert.deepEqual(
    [answer.status, answer.headers.get('x-kind'), answer.headers.get('x-request-id')],
    [418, 'pot', 'story-1'],
  );
  assert.equal(await answer.text(), 'POST /api/x%2Fy?follow=true&a=%20b Bearer t me true the body');
});

test('a leader on a unix socket is reached as well', async () => {
  const path = join(tmpdir(), `hedgerow-forward-${process.pid}.sock`);
  const leader = await serve((_request, response) => response.end('over the socket'), { path });
  assert.equal(await (await fetch(`http://${await root(to(leader))}/`)).text(), 'over the socket');
});

test('a stream comes as it is written, and its end at either side is the end at the other', async () => {
  const closed = Promise.withResolvers<void>();
  const leader = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    response.write('first');
    response.once('close', () => closed.resolve());
  });
  const stop = new AbortController();
  const answer = await fetch(`http://${await root(to(leader))}/`, { signal: stop.signal });
  const reader = answer.body?.getReader();
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), 'first');
  stop.abort();
  await closed.promise;
});

test('a leader that dies in the middle ends the answer, which is not taken for whole', async () => {
  const leader = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('half', () => response.destroy());
  });
  const answer = await fetch(`http://${await root(to(leader))}/`);
  await assert.rejects(answer.text());
});

for (const [what, deps] of [
  ['nobody leads', {}],
  ['the leader has no address', to('')],
  ['nobody listens there', to('127.0.0.1:1')],
] as const)
  test(`when ${what} it is 503, to be tried again`, async () => {
    const answer = await fetch(`http://${await root(deps)}/`);
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
    assert.match(await answer.text(), /^NO_LEADER: .*; try again in 5 s$/);
  });

test('two roots that each take the other for the leader do not send a request to and fro', async () => {
  let count = 0;
  const other: { address: string } = { address: '' };
  const first = await root({
    leader: () => {
      count += 1;
      return { epoch: 1, address: other.address };
    },
  });
  other.address = await root(to(first));
  assert.equal((await fetch(`http://${first}/`)).status, 503);
  assert.equal(count, 1);
});

test('headers of one connection stay there', async () => {
  const leader = await serve((incoming, response) => {
    response.setHeader('X-Hop', 'secret');
    response.setHeader('Connection', 'X-Hop, close');
    response.end(String(incoming.headers['x-mine']));
  });
  const address = (await root(to(leader))).split(':');
  const headers = { Connection: 'close, x-mine', 'X-Mine': 'private' };
  const call = request({ host: address[0], port: address[1], headers }).end();
  const [answer] = await once(call, 'response');
  assert.equal(answer.headers['x-hop'], undefined);
  assert.equal((await answer.toArray()).join(''), 'undefined');
});

for (const headers of [
  { 'Transfer-Encoding': 'chunked' },
  { 'Content-Length': '43' },
  { 'Content-Length': '43', Connection: 'close, content-length' },
])
  test(`the body of a GET does not become another request: ${JSON.stringify(headers)}`, async () => {
    const asked: string[] = [];
    const leader = await serve((incoming, response) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      incoming.resume().once('end', () => response.end('once'));
    });
    const [host = '', port] = (await root(to(leader))).split(':');
    const call = request({ host, port, method: 'GET', headers });
    call.end('DELETE /api/service/1 HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await once(call, 'response');
    assert.equal((await answer.toArray()).join(''), 'once');
    await fetch(`http://${leader}/last`);
    assert.deepEqual(asked, ['GET /', 'GET /last']);
  });

test('for a client who is gone already nobody is asked', async () => {
  let asked = 0;
  const leader = await serve((_request, response) => {
    asked += 1;
    response.writeHead(200).flushHeaders();
  });
  const forward = forwarder({ rootId: 'me', leads: () => false, ...to(leader) });
  const done = Promise.withResolvers<boolean>();
  const address = await serve((incoming, response) => {
    response.once('close', () => forward(incoming, response).then(done.resolve, done.reject));
  });
  const [host = '', port] = address.split(':');
  const call = request({ host, port }).on('error', () => {});
  call.end();
  await once(call, 'socket').then(([socket]) => once(socket, 'connect'));
  setImmediate(() => call.destroy());
  assert.equal(await done.promise, true);
  assert.equal(asked, 0);
});
