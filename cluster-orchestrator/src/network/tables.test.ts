import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DOWN, type TableEntry, type TableResultPayload, UP } from '@hedgerow/protos';
import { CLUSTER_ID } from '../testing/hand-root.ts';
import type { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

const WEB = 'aaaaaaaaaaaaaaaaaaaaaaaa';
const DB = 'dddddddddddddddddddddddd';
const SHOP = 'bbbbbbbbbbbbbbbbbbbbbbbb';
const db = { service_id: DB, service_name: 'db', service_ip: '10.30.30.31' };
const on = (node: string) => ({ constraints: [{ type: 'direct', cluster: '', node }] });

let site: Site;
let one: HandWorker;
let two: HandWorker;
beforeEach(async () => {
  site = await Site.start();
  one = await site.worker({ host: 'one' });
  two = await site.worker({ host: 'two', public_address: '192.0.2.2' });
});
afterEach(() => site.stop());

const remoteDb = (overrides: Partial<TableEntry> = {}): TableEntry => ({
  job_name: 'shop.test.db.test',
  application_id: SHOP,
  service_ip: '10.30.30.31',
  instances: [
    {
      instance_number: 7,
      instance_ip: '10.30.0.99',
      namespace_ip: '10.20.0.2',
      host_ip: '198.51.100.1',
      host_port: 50103,
      worker_id: 'ffffffffffffffffffffffff',
      worker_subnet: '10.20.0.0',
      cluster_id: 'eeeeeeeeeeeeeeeeeeeeeeee',
    },
  ],
  removed: false,
  ...overrides,
});

/** Are these the addresses that answer for the service? An instance that is only placed has none yet. */
const answers =
  (...addresses: string[]) =>
  (result: TableResultPayload) =>
    result.instance_list
      .map(instance => instance.namespace_ip)
      .filter(Boolean)
      .join() === addresses.join();

describe('a change', () => {
  test('tells the way to a worker before its instance is up', async () => {
    await site.place(on('one'));
    await site.place({ ...db, ...on('two') });
    await two.deploy();
    const { instance_list } = await one.tableResult(r => r.app_name === 'shop.test.db.test');
    assert.deepEqual(
      instance_list.map(i => [i.namespace_ip, i.host_ip, i.worker_subnet]),
      [['', '192.0.2.2', two.registered.subnet]],
    );
  });

  test('goes once to each worker that hosts the application, and to no other', async () => {
    const three = await site.worker({ host: 'three' });
    await site.place(on('one'));
    await site.place({ ...db, ...on('two') });
    await two.run('10.18.0.66');
    const result = await one.tableResult(answers('10.18.0.66'));
    assert.deepEqual(
      [result.app_name, result.query_key, result.removed],
      ['shop.test.db.test', '10.30.30.31', false],
    );
    assert.deepEqual(result.instance_list, [
      {
        instance_number: 0,
        instance_ip: '10.30.0.10',
        namespace_ip: '10.18.0.66',
        host_ip: '192.0.2.2',
        host_port: 50103,
        worker_id: two.id,
        worker_subnet: two.registered.subnet,
        cluster_id: CLUSTER_ID,
        service_ip: [
          { IpType: 'RR', Address: '10.30.30.31' },
          { IpType: 'instance_ip', Address: '10.30.0.10' },
        ],
      },
    ]);
    await one.run('10.18.0.2');
    await two.tableResult(r => r.app_name === 'shop.test.web.test' && r.instance_list.length > 0);
    assert.equal(three.inbox.all.length, 1);
    const told = one.inbox.all.filter(m => m.leaf === DOWN.tableResult && m.text.includes('10.18.0.66'));
    assert.equal(told.length, 1);
  });

  test('takes out an instance that stopped, or is going away, before its container is gone', async () => {
    await site.place(on('one'));
    await site.place({ ...db, ...on('two') });
    const order = await two.run('10.18.0.66');
    await one.tableResult(answers('10.18.0.66'));
    one.inbox.clear();
    await two.say(order, 'FAILED');
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && answers()(r) && !r.removed);
    await two.say(order, 'RUNNING', '10.18.0.66');
    await one.tableResult(answers('10.18.0.66'));
    one.inbox.clear();
    site.root.send({ remove: { service_id: DB, instance_number: 0, request_id: '' } });
    await one.tableResult(
      r => r.app_name === 'shop.test.db.test' && r.instance_list.length === 0 && !r.removed,
    );
    await two.remove();
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && r.removed);
  });

  test('takes out the instances of a dead worker', async () => {
    await site.place(on('one'));
    await one.run('10.18.0.2');
    await site.place({ ...db, ...on('two') });
    await two.run('10.18.0.66');
    await one.tableResult(r => r.instance_list.some(i => i.namespace_ip === '10.18.0.66'));
    one.inbox.clear();
    for (let n = 0; n < 5; n++) {
      site.clock.advance(1000);
      await one.beat();
    }
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && r.instance_list.length === 0);
    await two.sync();
    await one.tableResult(r => r.instance_list.some(i => i.namespace_ip === '10.18.0.66'));
    const { entries } = await two.next<{ entries: TableEntry[] }>(DOWN.table).then(() => two.table());
    assert.equal(entries.length, 2);
  });

  test('of a worker’s address is told to the others and to the root', async () => {
    await site.place(on('one'));
    await site.place({ ...db, ...on('two') });
    await two.run('10.18.0.66');
    const { id, secret } = two.registered;
    await one.tableResult(r => r.instance_list.some(i => i.host_ip === '192.0.2.2'));
    await site.register({ id, secret, host: 'two', public_address: '192.0.2.22' });
    await one.tableResult(r => r.instance_list.some(i => i.host_ip === '192.0.2.22'));
    await site.root.inbox.take(
      'report of the new address',
      m => m.reports?.reports.some(r => r.host_ip === '192.0.2.22') ?? false,
    );
  });
});

describe('a worker', () => {
  test('that leaves an application is told to forget its services', async () => {
    await site.place(on('one'));
    await one.run('10.18.0.2');
    await site.place({ ...db, ...on('two') });
    await two.run('10.18.0.66');
    site.root.send({ remove: { service_id: WEB, instance_number: 0, request_id: '' } });
    await one.remove();
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && r.removed);
    await one.tableResult(r => r.app_name === 'shop.test.web.test' && r.removed);
    await two.tableResult(r => r.app_name === 'shop.test.web.test' && r.removed);
  });

  test('that was dead and has the table of then gets what has changed alone', async () => {
    await site.place(on('one'));
    await one.run('10.18.0.2');
    await site.place({ ...db, ...on('two') });
    await two.run('10.18.0.66');
    await two.table();
    await one.tableResult(answers('10.18.0.66'));
    await two.drop();
    two.inbox.clear();
    for (let n = 0; n < 9; n++) {
      site.clock.advance(1000);
      await one.beat();
    }
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && r.instance_list.length === 0);
    await two.arrive();
    await two.next(DOWN.sync);
    await two.sync();
    await one.tableResult(answers('10.18.0.66'));
    assert.deepEqual([two.waiting(DOWN.table), two.waiting(DOWN.delete)], [0, 0]);
  });

  test('that comes back gets the whole table', async () => {
    await site.place(on('one'));
    await one.run('10.18.0.2');
    await one.drop();
    one.inbox.clear();
    await one.connect();
    const { entries } = await one.table();
    assert.deepEqual(
      entries.map(entry => [entry.job_name, entry.instances.map(i => i.namespace_ip)]),
      [['shop.test.web.test', ['10.18.0.2']]],
    );
  });
});

describe('services of other clusters', () => {
  test('that the root told before its Place are in the first table', async () => {
    site.root.send({ table_entry: remoteDb() });
    await site.place(on('one'));
    await one.deploy();
    const tables = one.inbox.all.filter(m => m.leaf === DOWN.table).map(m => JSON.parse(m.text).entries);
    assert.deepEqual(
      tables
        .at(-1)
        .map((entry: TableEntry) => [entry.job_name, entry.instances.map(i => i.namespace_ip)])
        .sort(),
      [
        ['shop.test.db.test', ['10.20.0.2']],
        ['shop.test.web.test', ['']],
      ],
    );
  });

  test('are merged with our own, and what the root says of us is passed over', async () => {
    await site.place({ ...db, ...on('one') });
    await one.run('10.18.0.2');
    const [foreign] = remoteDb().instances;
    assert.ok(foreign);
    const stale = { ...foreign, instance_number: 0, namespace_ip: '10.18.0.50', cluster_id: CLUSTER_ID };
    site.root.send({ table_entry: remoteDb({ instances: [foreign, stale] }) });
    const result = await one.tableResult(r => r.instance_list.length === 2);
    assert.deepEqual(
      result.instance_list.map(i => i.namespace_ip),
      ['10.18.0.2', '10.20.0.2'],
    );
    site.root.send({ table_entry: remoteDb({ instances: [], removed: true }) });
    await one.tableResult(r => r.instance_list.length === 1);
  });

  test('are not what the root said of this cluster before it knew it by another id', async () => {
    await site.place(on('one'));
    await site.place({ ...db, ...on('one') });
    await one.run('10.18.0.2');
    const [foreign] = remoteDb().instances;
    assert.ok(foreign);
    const ours = { ...foreign, instance_number: 0, namespace_ip: '10.18.0.50', cluster_id: CLUSTER_ID };
    site.root.send({ table_entry: remoteDb({ instances: [ours, foreign] }) });
    await one.tableResult(r => r.instance_list.length === 2);
    Object.assign(site.root.obliging, { clusterId: '0'.repeat(24), tableKnown: true });
    site.root.cut();
    await until('the cluster is back', () => {
      site.clock.advance(100);
      return site.root.inbox.untaken(m => m.body === 'hello').length > 0;
    });
    await site.connected();
    site.root.send({ remove: { service_id: DB, instance_number: 0, request_id: '' } });
    await one.tableResult(answers('10.20.0.2'));
  });

  test('are forgotten when the root removes them, also while it was away', async () => {
    await site.place(on('one'));
    await one.run('10.18.0.2');
    site.root.send({ table_entry: remoteDb() });
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && !r.removed);
    site.root.send({ table_entry: remoteDb({ instances: [], removed: true }) });
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && r.removed);
    site.root.send({ table_entry: remoteDb() });
    await one.tableResult(r => r.app_name === 'shop.test.db.test' && !r.removed);
    site.root.cut();
    await until('the cluster is back', () => {
      site.clock.advance(100);
      return site.root.inbox.untaken(m => m.body === 'hello').length > 0;
    });
    await until('the root has had time to tell everything', async () => {
      site.clock.advance(1000);
      await one.beat();
      return (
        one.inbox.untaken(m => m.leaf === DOWN.tableResult && m.text.includes('"removed":true')).length > 0
      );
    });
  });
});

describe('a query', () => {
  test('is answered from the table, by service IP, instance IP or name', async () => {
    await site.place(on('one'));
    await one.run('10.18.0.2');
    for (const query of [{ sip: '10.30.30.30' }, { sip: '10.30.0.10' }, { sname: 'shop.test.web.test' }]) {
      await one.publish(UP.tableQuery, query);
      const result = await one.tableResult(r => r.query_key === Object.values(query)[0]);
      assert.equal(result.instance_list[0]?.namespace_ip, '10.18.0.2');
    }
    assert.equal(site.root.inbox.all.filter(m => m.table_query).length, 0);
  });

  test('about another application is passed to the root, once, and its answer to all who asked', async () => {
    await one.publish(UP.tableQuery, { sip: '10.30.30.31' });
    const asked = await site.root.next('table_query');
    assert.deepEqual(asked, { service_ip: '10.30.30.31', job_name: '' });
    await two.publish(UP.tableQuery, { sip: '10.30.30.31' });
    await one.publish(UP.information, {});
    site.root.send({ table_entry: remoteDb({ application_id: 'other' }) });
    for (const worker of [one, two]) {
      assert.equal((await worker.tableResult()).instance_list[0]?.namespace_ip, '10.20.0.2');
    }
    assert.equal(site.root.inbox.all.filter(m => m.table_query).length, 1);
  });

  test('that the root does not answer is answered with nobody', async () => {
    await one.publish(UP.tableQuery, { sip: '10.30.40.41' });
    await site.root.next('table_query');
    site.clock.advance(3000);
    await one.beat();
    site.clock.advance(2000);
    const result = await one.tableResult();
    assert.deepEqual([result.query_key, result.instance_list], ['10.30.40.41', []]);
  });

  test('is answered with nobody while the root is away', async () => {
    site.root.cut();
    await until('the loss is noticed', async () => {
      const answer = await fetch(`${site.cluster.url}/api/cluster/status`);
      return !((await answer.json()) as { connected_to_root: boolean }).connected_to_root;
    });
    await one.publish(UP.tableQuery, { sname: 'a.b.c.d' });
    assert.deepEqual((await one.tableResult()).instance_list, []);
  });
});
