import assert from 'node:assert/strict';
import { request } from 'node:http';
import test, { type TestContext } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { httpNetManager } from '@hedgerow/protos';
import { startNetManager } from '../app.ts';
import { LARGEST_BODY, LARGEST_TABLE } from './body.ts';

/** Nobody registers here, so the kernel is left alone and no root is needed. */
async function start(t: TestContext): Promise<string> {
  const config = { listen: '127.0.0.1:0', data: ':memory:', reconcileEvery: 0 };
  const running = await startNetManager(config, { clock: systemClock, log: silentLogger });
  t.after(() => running.stop());
  return running.address;
}

type Call = [method: string, path: string, body: string, headers?: Record<string, string>];

function call(address: string, [method, path, body, headers = {}]: Call) {
  const [host, port] = address.split(':');
  return new Promise<[number, { error?: string; errors?: { path: string }[] }]>((resolve, reject) => {
    const sent = request({ host, port, method, path, headers }, response => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.once('end', () => resolve([response.statusCode ?? 0, text ? JSON.parse(text) : {}]));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const REFUSED: [what: string, call: Call, status: number, error: string][] = [
  ['an unknown path', ['GET', '/nothing', ''], 404, 'UNKNOWN_PATH'],
  ['another method', ['GET', '/register', ''], 404, 'UNKNOWN_PATH'],
  ['a name of Object', ['POST', '/constructor', ''], 404, 'UNKNOWN_PATH'],
  ['a page in a browser', ['GET', '/status', '', { origin: 'http://example.org' }], 404, 'UNKNOWN_PATH'],
  ['no JSON', ['POST', '/register', '{'], 400, 'BAD_REQUEST'],
  ['an empty body', ['POST', '/container/deploy', ''], 400, 'BAD_REQUEST'],
  ['a list where an object belongs', ['POST', '/register', '[]'], 400, 'BAD_REQUEST'],
  [
    'a huge table',
    ['POST', '/table', '', { 'content-length': String(LARGEST_TABLE + 1) }],
    413,
    'BODY_TOO_LARGE',
  ],
  [
    'a huge body',
    ['POST', '/register', '', { 'content-length': String(LARGEST_BODY + 1) }],
    413,
    'BODY_TOO_LARGE',
  ],
];

test('requests that are refused', async t => {
  const address = await start(t);
  for (const [what, request, status, error] of REFUSED) {
    await t.test(what, async () => {
      const [found, body] = await call(address, request);
      assert.deepEqual([found, body.error], [status, error]);
    });
  }
});

test('with and without trailing slash, before registration', async t => {
  const address = await start(t);
  for (const path of ['/status', '/status/', '/status?x=1']) {
    const [status, body] = await call(address, ['GET', path, '']);
    assert.deepEqual([status, (body as { registered?: boolean }).registered], [200, false]);
  }
});

test('metrics and health are served beside the calls', async t => {
  const address = await start(t);
  const get = (path: string) => fetch(`http://${address}${path}`);
  const metrics = await (await get('/metrics')).text();
  assert.match(metrics, /^hedgerow_net_registered 0$/m);
  assert.match(metrics, /^hedgerow_net_overlay_sent_bytes_total 0$/m);
  assert.match(metrics, /^hedgerow_loop_runs_total\{loop="kernel"\} 1$/m);
  assert.deepEqual(await (await get('/healthz')).json(), { status: 'ok' });
  const ready = await get('/readyz/');
  assert.equal(ready.status, 503);
  assert.deepEqual(((await ready.json()) as { reasons: string[] }).reasons, [
    'no Node Engine has registered this worker',
  ]);
});

test('every wrong field is named at once', async t => {
  const [, body] = await call(await start(t), ['POST', '/register', '{"subnet":"10.18.0.0"}']);
  assert.deepEqual(
    body.errors?.map(({ path }) => path),
    ['client_id', 'public_address', 'tunnel_port'],
  );
});

test('the client tells a Net Manager that is away from one that refuses', async t => {
  const client = httpNetManager(await start(t));
  t.after(() => client.close());
  await assert.rejects(client.detach({} as never), { code: 'BAD_REQUEST', http: 400 });
  await assert.rejects(httpNetManager('unix:/nowhere/at/all').status(), { code: 'NET_UNREACHABLE', http: 0 });
});

test('the client outlives a restart of the server', async t => {
  const config = { listen: '127.0.0.1:0', data: ':memory:', reconcileEvery: 0 };
  const deps = { clock: systemClock, log: silentLogger };
  const first = await startNetManager(config, deps);
  const client = httpNetManager(first.address);
  t.after(() => client.close());
  await client.status();
  await first.stop();
  const second = await startNetManager({ ...config, listen: first.address }, deps);
  t.after(() => second.stop());
  assert.equal((await client.status()).registered, false);
});
