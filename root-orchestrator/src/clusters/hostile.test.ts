/** A cluster that is broken, or worse: the root lives, and others are not slowed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { silentLogger } from '@hedgerow/common';
import { Random } from '@hedgerow/common/testing';
import type { FromCluster, InstanceReport } from '@hedgerow/protos';
import { microservice } from '../testing/slas.ts';
import { type Coordinated, coordinated } from './testing/coordinated.ts';
import { HonestSite } from './testing/honest-site.ts';
import { type LinkClient, makeHello, report } from './testing/link-client.ts';

const SEED = Number(process.env.SEED ?? 20_260_101);
const MIB = 2 ** 20;
/** ms that a good cluster may wait for an answer while another one is a nuisance */
const PROMPT = 2000;

let root: Coordinated;
let good: HonestSite;
let logged: string[];
beforeEach(async () => {
  logged = [];
  const warn = (_: object, message: string) => void logged.push(message);
  root = await coordinated({ log: { ...silentLogger, warn } });
  good = await new HonestSite('good').connect(root);
});
afterEach(() => root.stop());

/** @returns ms of the longest of its waits while something is under way */
async function longestWait(underWay: Promise<unknown>): Promise<number> {
  let [longest, busy] = [0, true];
  void underWay.finally(() => {
    busy = false;
  });
  while (busy) {
    const began = performance.now();
    await good.client.settled();
    longest = Math.max(longest, performance.now() - began);
  }
  await underWay;
  return longest;
}

async function deploysAsEver(): Promise<void> {
  const [service] = await root.application(`after${Math.floor(performance.now())}`, 'web');
  const id = await root.instance(service);
  await root.becomesStatus(id, 'RUNNING');
  assert.equal((await root.stored(id)).cluster_id, good.clusterId);
}

const stray = (instance_number: number, fields: Partial<InstanceReport> = {}): InstanceReport =>
  report({ service: { service_id: 'f'.repeat(24) }, instance_number, generation: 1 } as never, fields);

/** Says things until the root has had enough, and waits for that. */
async function isLetGo(client: LinkClient, message: FromCluster): Promise<{ code: status }> {
  client.send(message);
  return client.ended;
}

describe('messages of every wrong shape', () => {
  const dice = new Random(SEED);
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(dice.next() * values.length)] as T;
  const word = () =>
    pick(
      '',
      'x',
      'RUNNING',
      'REQUESTED',
      'UNDEPLOYED',
      '\u0000',
      '../..',
      'é'.repeat(500),
      'z'.repeat(50_000),
    );
  const number = () => pick(0, 1, -1, 2 ** 31, 2 ** 32 - 1, dice.next() * 1e9);
  const some = <T>(make: () => T): T[] => Array.from({ length: Math.floor(dice.next() * 4) }, make);

  function wild(ids: readonly string[]): InstanceReport {
    const [service_id = '', n = 0] = pick(...ids, `${word()}/0`).split('/');
    return {
      ...stray(Number(n)),
      ...{ service_id, generation: number(), epoch: number(), status: word(), status_detail: word() },
      ...{ worker_id: word(), host_ip: word(), host_port: number(), namespace_ip: word(), logs: word() },
      ...{ worker_subnet: word(), cpu_percent: word(), withdrawn: dice.next() < 0.5 },
      moves: some(
        () => ({ at: Number.NaN, tier: word(), status: word(), detail: word(), worker_id: '' }) as never,
      ),
    };
  }

  function message(ids: readonly string[]): FromCluster {
    const reports = () => some(() => wild(ids));
    const subnets = () => some(() => ({ worker_id: word(), subnet: word() }));
    return pick<() => FromCluster>(
      () => ({ hello: makeHello(word(), { instances: reports(), epoch: number() }) }),
      () => ({ reports: { reports: reports() } }),
      () => ({ list: { instances: reports(), subnets: subnets() } }),
      () => ({ aggregate: { free_vcpus: Number.NaN, memory: number(), workers: some(word) } as never }),
      () => ({
        place_answer: {
          attempt_id: pick(word(), `${pick(...ids)}#1`),
          ...{ accepted: dice.next() < 0.5, worker_id: word(), status: word(), status_detail: word() },
        },
      }),
      () => ({ subnet_claim: { claim_id: word(), worker_id: word() } }),
      () => ({ subnet_release: { worker_id: word() } }),
      () => ({ table_query: { service_ip: word(), job_name: word() } }),
      () => ({
        log_chunk: { stream_id: word(), lines: some(word), lost: number(), end: true, error: word() },
      }),
      () => ({}),
    )();
  }

  test(`change nothing of another cluster's, and stop nothing (SEED=${SEED})`, async () => {
    const [service] = await root.application('shop', 'web');
    const ids = await Promise.all([1, 2, 3].map(() => root.instance(service)));
    for (const id of ids) await root.becomesStatus(id, 'RUNNING');
    await good.client.settled();
    const before = await root.collections.instances.find();
    for (let round = 0; round < 30; round += 1) {
      const evil = root.dial('evil');
      if (dice.next() < 0.9) await evil.hello();
      for (let n = 0; n < 20; n += 1) evil.send(message(ids));
      await Promise.race([evil.ended, new Promise(resolve => setTimeout(resolve, 5))]);
      evil.close();
      await evil.ended;
    }
    await good.client.settled();
    assert.deepEqual(await root.collections.instances.find(), before);
    assert.deepEqual([...good.has.keys()].sort(), [...ids].sort());
    await deploysAsEver();
  });
});

describe('a message that is', () => {
  test('long is cut to what can be kept', async () => {
    const [service] = await root.application('shop', 'web');
    const id = await root.instance(service);
    await root.becomesStatus(id, 'RUNNING');
    const long = 'x'.repeat(5 * MIB);
    good.happen(id, { status_detail: long, logs: `${long}end`, worker_id: long });
    const { status_detail, logs, worker_id } = (await root.becomes(
      id,
      i => i?.status_detail !== '',
    )) as never as InstanceReport;
    assert.deepEqual([status_detail.length, logs.length, worker_id.length], [4096, 65_536, 255]);
    assert.ok(logs.endsWith('end'));
  });

  test('too long ends its stream, and no other', async () => {
    const evil = await root.cluster('evil');
    const { code } = await isLetGo(evil, {
      reports: { reports: [stray(0, { logs: 'x'.repeat(17 * MIB) })] },
    });
    assert.equal(code, status.RESOURCE_EXHAUSTED);
    await deploysAsEver();
  });

  test('full of strange instances holds up nobody, and the log says it briefly', async () => {
    const evil = root.dial('evil');
    const all = Number(process.env.STRAYS ?? 20_000);
    const instances = Array.from({ length: all }, (_, n) => ({ ...stray(n), host_ip: '', worker_id: '' }));
    const { promise: toldAll, resolve } = Promise.withResolvers<void>();
    let removes = 0;
    evil.listen(({ remove }) => {
      if (!remove) return;
      removes += 1;
      if (removes === all) resolve();
    });
    const told = evil.hello(instances).then(() => toldAll);
    const longest = await longestWait(told);
    assert.ok(longest < PROMPT, `the others waited ${Math.round(longest)} ms`);
    const lines = logged.filter(line => /should not have/.test(line));
    assert.equal(lines.length, 20);
    assert.match(lines.at(-1) ?? '', /more of them are not logged/);
    await deploysAsEver();
  });

  test('full of nonsense is said once', async () => {
    const evil = await root.cluster('evil');
    for (let n = 0; n < 50; n += 1)
      evil.report(stray(n, { status: 'REQUESTED' }), stray(n, { status: 'SINGING' }));
    await evil.settled();
    assert.deepEqual(logged.filter(line => /make no sense/.test(line)).length, 1);
  });
});

test(`bytes that begin like HTTP/2 and go on at random (SEED=${SEED})`, async () => {
  const dice = new Random(SEED);
  const { host, port } = Object.assign({}, { host: '127.0.0.1', port: Number(root.address.split(':')[1]) });
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  for (let n = 0; n < 50; n += 1) {
    const noise = Buffer.from(
      Array.from({ length: Math.floor(dice.next() * 2000) }, () => Math.floor(dice.next() * 256)),
    );
    const socket = connect({ host, port }).on('error', () => {});
    await once(socket, 'connect');
    socket.write(dice.next() < 0.8 ? Buffer.concat([preface, noise]) : noise);
    if (dice.next() < 0.5) socket.end();
    await new Promise(setImmediate);
    socket.destroy();
  }
  await deploysAsEver();
});

test('50 deployments go to one cluster while another one reads nothing', async () => {
  const slow = await root.cluster('slow');
  slow.pause();
  const job_name = 'x'.repeat(1000);
  for (let n = 0; n < 1000; n += 1) slow.send({ table_query: { service_ip: '', job_name } });
  const on = { constraints: [{ type: 'direct', cluster: 'good', node: 'w1' }] };
  const [service] = await root.application('shop', microservice('web', on));
  const began = performance.now();
  const ids = await Promise.all(Array.from({ length: 50 }, () => root.instance(service)));
  for (const id of ids) await root.becomesStatus(id, 'RUNNING');
  assert.ok(performance.now() - began < 2000);
});
