import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { type Logger, silentLogger } from '../logger.ts';
import { httpMeter } from './http.ts';
import { readiness } from './readiness.ts';
import { MetricRegistry } from './registry.ts';
import { statusPages } from './status-pages.ts';
import { startStatusServer } from './status-server.ts';
import { counter } from './table.ts';

const TABLE = { starts: counter('starts_total', 'Starts.') } as const;

function pages(why: string[] = [], token = '') {
  const registry = new MetricRegistry(silentLogger);
  registry.open(TABLE).starts.add(1);
  return statusPages({ metrics: registry, ready: readiness(why.map(sentence => () => sentence)), token });
}

describe('the status server', () => {
  test('serves the three pages, with and without a slash or a query', async t => {
    const server = await startStatusServer('127.0.0.1:0', pages(), silentLogger);
    t.after(() => server.stop());
    const get = (path: string, method = 'GET') => fetch(`http://${server.address}${path}`, { method });
    assert.match(await (await get('/metrics')).text(), /^starts_total 1$/m);
    assert.deepEqual(await (await get('/healthz/')).json(), { status: 'ok' });
    const ready = await get('/readyz?verbose=1');
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), { status: 'ready', reasons: [], degraded: [] });
    assert.equal((await get('/')).status, 404);
    assert.equal((await get('/constructor')).status, 404);
    assert.equal((await get('/metrics', 'POST')).status, 405);
  });

  test('503 with the reasons', async t => {
    const server = await startStatusServer('127.0.0.1:0', pages(['no Docker']), silentLogger);
    t.after(() => server.stop());
    const answer = await fetch(`http://${server.address}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(((await answer.json()) as { reasons: string[] }).reasons, ['no Docker']);
  });

  test('metrics are for those who have the token, when there is one', async t => {
    const server = await startStatusServer('127.0.0.1:0', pages([], 'secret'), silentLogger);
    t.after(() => server.stop());
    const get = (authorization?: string) =>
      fetch(`http://${server.address}/metrics`, authorization ? { headers: { authorization } } : {});
    const refused = await get();
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
    assert.doesNotMatch(await refused.text(), /starts_total/);
    assert.equal((await get('Bearer wrong')).status, 401);
    assert.equal((await get('Bearer secret')).status, 200);
    assert.equal((await fetch(`http://${server.address}/healthz`)).status, 200);
  });

  test('a port that is taken is one warning and no reason to stop', async t => {
    const first = await startStatusServer('127.0.0.1:0', pages(), silentLogger);
    t.after(() => first.stop());
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_, text) => void warnings.push(text) };
    const second = await startStatusServer(first.address, pages(), log);
    assert.equal(second.address, '');
    assert.equal(warnings.length, 1);
    await second.stop();
  });

  test('none at all', async () => {
    assert.equal((await startStatusServer('', pages(), silentLogger)).address, '');
  });
});

describe('the HTTP meter', () => {
  test('counts by route, never by path, and streams apart', async t => {
    const registry = new MetricRegistry(silentLogger);
    const seen: [string, number][] = [];
    const streamEnded = Promise.withResolvers<void>();
    const meter = httpMeter({
      registry,
      streams: new Set(['/events']),
      answered: (route, status) => {
        seen.push([route, status]);
        if (route === '/events') streamEnded.resolve();
      },
    });
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      // as Express does when it has found the route
      const route =
        path === '/events' ? { path } : path.startsWith('/thing/') ? { path: '/thing/:id' } : undefined;
      Object.assign(request, route ? { route } : {});
      meter(request as never, response, () => {
        response.statusCode = route ? 200 : 404;
        if (path === '/events') response.write('data: 1\n\n');
        else response.end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const path of ['/thing/1', '/thing/2', '/nowhere/1', '/nowhere/2'])
      await (await fetch(url + path)).text();
    const abort = new AbortController();
    const stream = await fetch(`${url}/events`, { signal: abort.signal });
    await stream.body?.getReader().read();
    const during = await registry.text();
    assert.match(during, /^hedgerow_http_open_streams\{route="\/events"\} 1$/m);
    abort.abort();
    await streamEnded.promise;
    const after = await registry.text();
    assert.match(after, /^hedgerow_http_open_streams\{route="\/events"\} 0$/m);
    assert.match(after, /requests_total\{method="GET",route="\/thing\/\{id\}",status="2xx"\} 2/);
    assert.match(after, /requests_total\{method="GET",route="none",status="4xx"\} 2/);
    assert.match(after, /request_duration_seconds_count\{method="GET",route="\/thing\/\{id\}"\} 2/);
    assert.doesNotMatch(after, /request_duration_seconds_count\{method="GET",route="\/events"\}/);
    assert.deepEqual(seen.at(-1), ['/events', 200]);
  });
});
