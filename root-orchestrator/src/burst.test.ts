/** Two thousand instances asked for at once: each request is answered, and what was promised is stored and placed. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { isPlaced } from '@hedgerow/protos';
import { startRoot } from './app.ts';
import { type LinkClient, linkClient } from './clusters/testing/link-client.ts';
import { answersIn, dialMany, readAll } from './testing/raw.ts';
import { caller, login } from './testing/root.ts';
import { microservice, sla } from './testing/slas.ts';

const SOCKETS = 200;
const EACH = 10;

/** Takes what it is asked to take. */
async function acceptAll(cluster: LinkClient, count: number): Promise<void> {
  for (let taken = 0; taken < count; taken += 1) cluster.accept(await cluster.next('place'));
}

function requestOf(path: string, token: string, last: boolean): string {
  const fields = `Host: x\r\nAuthorization: Bearer ${token}\r\n${last ? 'Connection: close\r\n' : ''}`;
  return `POST ${path} HTTP/1.1\r\n${fields}\r\n`;
}

test('2,000 at once over 200 connections', async t => {
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-burst-'));
  const settings = { host: '127.0.0.1', port: 0, socket: '', mongodb: '', address: '', leaseSeconds: 10 };
  const others = { clusterTokenFile: '', adminPassword: '', assets: '', accessTokenSeconds: 600 };
  const root = await startRoot({ ...settings, ...others, data }, { clock: systemClock, log: silentLogger });
  const joined = (await readFile(join(data, 'cluster-token'), 'utf8')).trim();
  const cluster = linkClient(root.url.slice('http://'.length), 'hand', joined);
  t.after(async () => {
    cluster.close();
    await root.stop();
    await rm(data, { recursive: true });
  });
  await cluster.hello();
  cluster.aggregate();
  const call = caller(root.url);
  const token = await login(call);
  const [made] = (await call('POST', '/api/application', sla('burst', microservice('web')), token)).body;
  const path = `/api/service/${made.microservices[0]}`;

  const requests = Array.from({ length: EACH }, (_, at) =>
    requestOf(`${path}/instance`, token, at === EACH - 1),
  );
  const begun = performance.now();
  const sockets = await dialMany(root.url, SOCKETS, () => requests.join(''));
  const answers = (await Promise.all(sockets.map(readAll))).flatMap(answersIn);
  t.diagnostic(`answered in ${Math.round(performance.now() - begun)} ms`);
  assert.equal(answers.length, SOCKETS * EACH);
  const taken = answers.filter(({ status }) => status === 200);
  for (const { status, head, body } of answers) {
    if (status === 200) continue;
    assert.ok(status === 503 || status === 429, `${status}: ${body}`);
    assert.match(head, /^retry-after: \d+$/im);
  }
  const numbers = new Set(taken.map(({ body }) => JSON.parse(body).instance_number));
  assert.equal(numbers.size, taken.length);
  t.diagnostic(`${taken.length} taken`);

  const instances = async () => (await call('GET', path, undefined, token)).body.instance_list;
  await acceptAll(cluster, taken.length);
  let placed = 0;
  while (placed < taken.length) {
    await cluster.settled();
    const all = await instances();
    assert.equal(all.length, taken.length);
    placed = all.filter(({ status }: { status: never }) => isPlaced(status)).length;
  }
  t.diagnostic(`placed after ${Math.round(performance.now() - begun)} ms`);
});
