import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Running, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { ApiService, Place } from '@hedgerow/protos';
import { startRoot } from '../app.ts';
import { type LinkClient, linkClient, report } from '../clusters/testing/link-client.ts';
import { microservice, sla } from '../testing/slas.ts';
import { SETTLE } from './decide.ts';

type Root = Running & { url: string };

const clock: ManualClock = manualClock();
let data: string;
let root: Root;
let token: string;
let id: string;
let site: LinkClient;
/** what the cluster runs */
const running = new Map<number, Place>();

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-rollout-'));
  await start();
  const [made] = (await call('POST', '/api/application', sla('shop', microservice('web')))) as {
    microservices: string[];
  }[];
  id = made?.microservices[0] ?? '';
});
after(async () => {
  site.close();
  await root.stop();
  await rm(data, { recursive: true });
});

async function start(): Promise<void> {
  const config = { host: '127.0.0.1', port: 0, socket: '', data, mongodb: '', address: '', leaseSeconds: 10 };
  const more = { clusterTokenFile: '', adminPassword: '', assets: '', accessTokenSeconds: 86_400 };
  root = await startRoot({ ...config, ...more }, { clock, log: silentLogger });
  const logged = (await call('POST', '/api/auth/login', { username: 'Admin', password: 'Admin' })) as {
    token: string;
  };
  token = logged.token;
}

async function connect(known: readonly Place[]): Promise<void> {
  const joinToken = (await readFile(join(data, 'cluster-token'), 'utf8')).trim();
  site = linkClient(new URL(root.url).host, 'site', joinToken);
  await site.hello(known.map(place => report(place)));
  site.aggregate();
}

async function call(method: string, path: string, body?: object, requestId = 'none'): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}`, 'X-Request-Id': requestId };
  const sent = body ? { body: JSON.stringify(body) } : {};
  return (await fetch(root.url + path, { method, headers, ...sent })).json();
}

const service = () => call('GET', `/api/service/${id}`) as Promise<ApiService>;

async function becomes(matches: (now: ApiService) => boolean): Promise<ApiService> {
  for (const until = performance.now() + 5000; ; ) {
    const now = await service();
    if (matches(now)) return now;
    assert.ok(performance.now() < until, JSON.stringify(now));
  }
}

const statusOf = (now: ApiService, number: number) =>
  now.instance_list.find(({ instance_number }) => instance_number === number)?.status;

/** The cluster takes what it is asked to take and runs it. */
async function run(): Promise<Place> {
  const place = await site.next('place');
  site.accept(place);
  site.report(report(place));
  running.set(place.instance_number, place);
  await becomes(now => statusOf(now, place.instance_number) === 'RUNNING');
  return place;
}

/** Is told to remove this one, and has. */
async function removes(number: number, requestId: string): Promise<void> {
  const { instance_number, request_id } = await site.next('remove');
  assert.deepEqual([instance_number, request_id], [number, requestId]);
  const place = running.get(number);
  assert.ok(place);
  running.delete(number);
  site.report(report(place, { status: 'UNDEPLOYED' }));
}

/** Lets the time pass that a new instance has to settle, until somebody has waited for it. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20 && site.heard('remove').length === 0; turn += 1) {
    clock.advance(SETTLE / 2);
    await service();
  }
}

test('a cluster is given what each generation runs, through reconnects and a restart of the root in the middle', async () => {
  await connect([]);
  await call('POST', `/api/service/${id}/instance`);
  const first = await run();
  assert.deepEqual([first.generation, first.service.image], [1, 'hedgerow/demo:1']);

  await call('PUT', `/api/service/${id}`, { code: 'web:2', memory: 64 }, 'second');
  const second = await run();
  assert.deepEqual([second.generation, second.service.image, second.service.memory], [2, 'web:2', 64]);
  assert.equal(second.request_id, 'second');
  assert.equal(site.heard('remove').length, 0, 'the old one serves until the new one has settled');
  await settle();
  await removes(0, 'second');
  await becomes(now => now.rollout?.state === 'done');

  await call('PUT', `/api/service/${id}`, { code: 'web:3' }, 'third');
  const third = await site.next('place');
  assert.deepEqual([third.generation, third.service.image], [3, 'web:3']);
  site.close();
  await becomes(now => now.instance_list.length === 2);
  await connect([]);
  const again = [await run(), await run()].sort((a, b) => a.generation - b.generation);
  assert.deepEqual(
    again.map(place => [place.instance_number, place.generation, place.service.image]),
    [
      [1, 2, 'web:2'],
      [2, 3, 'web:3'],
    ],
  );

  site.close();
  await root.stop();
  await start();
  await connect([...running.values()]);
  await becomes(now => statusOf(now, 2) === 'RUNNING');
  await settle();
  await removes(1, 'third');
  const end = await becomes(now => now.rollout?.state === 'done');
  assert.deepEqual(
    end.instance_list.map(({ instance_number, generation }) => [instance_number, generation]),
    [[2, 3]],
  );
});
