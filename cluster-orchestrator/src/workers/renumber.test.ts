/** A worker gets another subnet while it runs; addresses that are not its own are not believed. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import {
  type DeployPayload,
  DOWN,
  type RegisterResponse,
  type TableResultPayload,
  UP,
} from '@hedgerow/protos';
import { HandWorker, OFFER, postRegister } from '../testing/hand-worker.ts';
import { makeJob } from '../testing/makers.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

const OTHER = '10.18.7.64';

let site: Site;
let lines: string[];
beforeEach(async () => {
  lines = [];
  const warn = (_: object, message: string) => void lines.push(message);
  const log: Logger = { ...silentLogger, warn, child: () => log };
  site = await Site.start({ spareSubnets: 1 }, log);
  await until('a spare subnet', () => site.root.claims.size === 1);
});
afterEach(() => site.stop());

const holderOf = (subnet: string) =>
  [...site.root.claims].find(([, claimed]) => claimed === subnet)?.[0] ?? '';
const regrant = (was: string, subnet = OTHER) =>
  site.root.send({ subnet_grant: { claim_id: '', subnet, error: '', worker_id: holderOf(was) } });

/** Two workers with an instance of one service each. */
async function two(): Promise<[HandWorker, HandWorker, DeployPayload]> {
  const first = await site.worker();
  await site.place();
  const order = await first.run();
  await site.root.report('RUNNING', 0);
  const second = await site.worker({ host: 'worker2', memory: 8000 });
  await site.place({}, { instance_number: 1 });
  await second.run();
  await site.root.report('RUNNING', 1);
  return [first, second, order];
}

const listing = (number: number, address: string) => (result: TableResultPayload) =>
  result.instance_list.some(i => i.instance_number === number && i.namespace_ip === address);

async function registerAgain(worker: HandWorker): Promise<RegisterResponse> {
  const { id, secret } = worker.registered;
  const answer = await postRegister(site.cluster.url, { ...OFFER, id, secret });
  return answer.body as RegisterResponse;
}

describe('another subnet for a worker', () => {
  test('nobody is led to its old addresses, it is asked to register, and its new ones count', async () => {
    const [first, second, order] = await two();
    await second.tableResult(listing(0, first.address()));
    const was = first.registered.subnet;
    regrant(was);
    await first.next(DOWN.register);
    const away = await site.root.inbox.take(
      'a report from the other subnet',
      m => m.reports?.reports.some(r => r.worker_subnet === OTHER) ?? false,
    );
    const told = away.reports?.reports.find(r => r.worker_subnet === OTHER);
    assert.deepEqual([told?.status, told?.namespace_ip], ['RUNNING', '']);
    await second.tableResult(result => !listing(0, first.address())(result));

    await first.say(order, 'RUNNING', first.address());
    const again = await registerAgain(first);
    const why = `subnet ${was} of worker worker1 is another worker’s; it has ${OTHER} now`;
    assert.deepEqual([again.subnet, again.subnet_why], [OTHER, why]);
    await first.say(order, 'RUNNING', '10.18.7.66');
    await second.tableResult(listing(0, '10.18.7.66'));
    const ledTo = second.inbox.all.filter(({ leaf }) => leaf === DOWN.tableResult).slice(-2);
    assert.ok(ledTo.every(({ text }) => !text.includes(first.address())));
    await first.greet();
    await first.beat();
    assert.equal(first.waiting(DOWN.register), 0);
    assert.equal((await registerAgain(first)).subnet_why, '');
  });

  test('a worker that is away is asked when it is back, also after a restart of its cluster', async () => {
    const [first] = await two();
    await first.drop();
    regrant(first.registered.subnet);
    await until('it is stored', () => lines.some(line => line.includes('it has 10.18.7.64 now')));
    await site.workers[1]?.drop();
    await site.cluster.stop();
    await site.startCluster();
    const again = new HandWorker({ ...first.registered, ...(await portOf()) });
    site.workers.push(again);
    await again.arrive();
    await again.next(DOWN.register);
  });

  test('a spare one is replaced, and the next worker gets what replaced it', async () => {
    const [[holder = '', was = ''] = []] = [...site.root.claims];
    site.root.send({ subnet_grant: { claim_id: '', subnet: OTHER, error: '', worker_id: holder } });
    await until('it is replaced', () => lines.includes('a spare subnet is another cluster’s by now'));
    assert.equal((await site.register()).subnet, OTHER);
    assert.notEqual(was, OTHER);
  });

  test('said twice, or of a holder that is not known, changes nothing', async () => {
    const [first] = await two();
    regrant(first.registered.subnet);
    regrant(first.registered.subnet);
    site.root.send({ subnet_grant: { claim_id: '', subnet: OTHER, error: '', worker_id: 'f'.repeat(24) } });
    await until('it is said', () => lines.some(line => /holder that is not known/.test(line)));
    assert.equal(lines.filter(line => line.includes('it has 10.18.7.64 now')).length, 1);
  });
});

/** A port of 0 is another one after a restart. */
async function portOf(): Promise<{ MQTT_BROKER_PORT: string }> {
  return { MQTT_BROKER_PORT: String(site.cluster.mqttPort) };
}

describe('an address that is not of its worker’s subnet', () => {
  for (const topic of [UP.job, UP.sync] as const) {
    test(`(${topic}) is refused with one line; the status counts, and nobody is led there`, async () => {
      const [first, second, order] = await two();
      await first.say(order, 'RUNNING', first.address(3));
      await second.tableResult(listing(0, first.address(3)));
      second.inbox.all.length = 0;
      const lie = makeJob({ epoch: order.epoch, status: 'RUNNING', namespace_ip: second.address() });
      for (let n = 0; n < 3; n += 1)
        await first.publish(topic, topic === UP.job ? lie : { instances: [lie] });
      await until('it is said', () => lines.some(line => line.startsWith('address refused')));
      await second.tableResult(result => !listing(0, second.address())(result));
      assert.equal(lines.filter(line => line.startsWith('address refused')).length, 1);
      const [known] = await shown();
      assert.equal(known?.status, 'RUNNING');
    });
  }
});

async function shown(): Promise<{ status: string }[]> {
  const answer = await fetch(`${site.cluster.url}/api/instances`);
  return ((await answer.json()) as { instances: { status: string }[] }).instances;
}

test('a Place with other addresses for what runs changes the tables and nothing else', async () => {
  const [first, second] = await two();
  await second.tableResult(listing(0, first.address()));
  const answer = await site.place({}, { instance_ip: '10.30.0.99' });
  assert.deepEqual([answer.accepted, answer.worker_id], [true, first.id]);
  await second.tableResult(({ instance_list }) =>
    instance_list.some(i => i.service_ip.some(ip => ip.Address === '10.30.0.99')),
  );
  assert.equal(first.waiting(DOWN.deploy), 0);
});
