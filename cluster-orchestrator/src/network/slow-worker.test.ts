/** The table and a worker whose socket is full. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { parseNodeTopic } from '@hedgerow/protos';
import type { Jobs } from '../jobs/context.ts';
import { deploy } from '../jobs/deploy.ts';
import { Instances } from '../jobs/instances.ts';
import { Orders } from '../jobs/orders.ts';
import { remove } from '../jobs/remove.ts';
import type { StoredInstance, StoredRemoteEntry } from '../model.ts';
import { noAccounts } from '../mqtt/accounts/accounts.ts';
import type { Broker } from '../mqtt/broker.ts';
import { Downlink } from '../mqtt/downlink.ts';
import { makeInstance, makeSpec, makeWorker } from '../testing/makers.ts';
import { RemoteEntries } from './remote.ts';
import { Tables } from './tables.ts';

const SLOW = 'aaaaaaaaaaaaaaaaaaaaaaa1';
const QUICK = 'aaaaaaaaaaaaaaaaaaaaaaa2';
/** `<worker> <topic>` in the order in which they are published */
let published: string[];
let jobs: Jobs;
let clock: ManualClock;
/** Does the broker take nothing? */
let isFull: boolean;

const broker: Broker = {
  host: '',
  port: 0,
  accounts: noAccounts,
  reachable: () => true,
  publish(topic) {
    const { workerId, leaf } = parseNodeTopic(topic) ?? { workerId: '', leaf: '' };
    if (isFull) return Promise.reject(new Error('too many messages wait'));
    published.push(`${workerId === SLOW ? 'slow' : 'quick'} ${leaf}`);
    return workerId === SLOW ? new Promise(() => {}) : Promise.resolve();
  },
  stop: async () => {},
};

const onSlow = makeInstance({ id: 'web/0', worker_id: SLOW });
const onQuick = makeInstance({
  id: 'db/0',
  service_id: 'db',
  worker_id: QUICK,
  service: makeSpec({ service_id: 'db', service_name: 'db', service_ip: '10.30.30.31' }),
});

beforeEach(() => {
  published = [];
  isFull = false;
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  clock = manualClock();
  const collection = store.collection<StoredInstance>('instances', []);
  const instances = new Instances({ collection, clock, log: silentLogger });
  const remote = new RemoteEntries(store.collection<StoredRemoteEntry>('remote_entries', []), {
    clock,
    log: silentLogger,
  });
  const downlink = new Downlink(() => broker, silentLogger, clock);
  const carrier = () => makeWorker();
  const isThere = () => true;
  const takesParts = () => true;
  const tables = new Tables({
    clock,
    instances,
    remote,
    downlink,
    clusterId: () => 'c',
    carrier,
    isThere,
    takesParts,
  });
  instances.onChange((before, after) => tables.instanceChanged(before, after));
  const liveness = { isExpected: () => true } as unknown as Jobs['liveness'];
  const orders = new Orders(() => {});
  const parts: Partial<Jobs> = { clock, log: silentLogger, instances, downlink, tables, liveness, orders };
  jobs = parts as Jobs;
  instances.set(onSlow);
  instances.set(onQuick);
});

test('an order does not wait for the table of another worker, which is sent before it', async () => {
  await deploy(jobs, onQuick);
  assert.deepEqual(published, ['slow net/table', 'quick net/table', 'quick control/deploy']);
});

test('a removal does not wait for the workers that are told of it first', async () => {
  jobs.tables.flush();
  published = [];
  await remove(jobs, { service_id: 'db', instance_number: 0, request_id: '' });
  assert.equal(published.at(-1), 'quick control/delete');
  assert.ok(published.includes('slow net/tablequery/result'));
});

test('what the broker did not take of the table is told anew, as a whole', async () => {
  jobs.tables.flush();
  isFull = true;
  jobs.instances.set({ ...onQuick, instance_ip: '10.30.0.99' });
  await jobs.tables.prepare(QUICK);
  isFull = false;
  published = [];
  clock.advance(10_000);
  assert.deepEqual(published.sort(), ['quick net/table', 'slow net/table']);
  clock.advance(60_000);
  assert.equal(published.length, 2);
});
