import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  type Collection,
  HedgerowError,
  openSqlite,
  SerialByKey,
  STORE_ERRORS,
  silentLogger,
} from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { StoredWorker } from '../model.ts';
import { noAccounts } from '../mqtt/accounts/accounts.ts';
import { Capacity } from '../scheduler/capacity.ts';
import { makeWorker } from '../testing/makers.ts';
import { Liveness } from './liveness.ts';
import { type Roster, removeWorker } from './roster.ts';
import { Workers } from './workers.ts';

const worker = makeWorker();
let failing: boolean;
/** in the order in which it happens */
let events: string[];
let workers: Workers;
let roster: Roster;

function storedIn(collection: Collection<StoredWorker>): Collection<StoredWorker> {
  const full = () => Promise.reject(new HedgerowError(STORE_ERRORS.STORE_FULL, 'the disk is full'));
  return {
    get: id => collection.get(id),
    find: (filter, page) => collection.find(filter, page),
    insert: document => collection.insert(document),
    replace: (document, revision) => collection.replace(document, revision),
    remove: (id, revision) => (failing ? full() : collection.remove(id, revision)),
    watch: watcher => collection.watch(watcher),
  };
}

beforeEach(async () => {
  failing = false;
  events = [];
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  workers = new Workers(storedIn(store.collection<StoredWorker>('workers', [])));
  workers.onChange((_, after) => events.push(after ? 'registered' : 'removed'));
  const settings = { deadAfter: 5000, grace: 5000, reachable: () => true, probe: () => {} };
  roster = {
    workers,
    capacity: new Capacity(),
    liveness: new Liveness({ clock: manualClock(), ...settings }),
    accounts: { ...noAccounts, revoke: async () => void events.push('revoked') },
    serial: new SerialByKey(),
    log: silentLogger,
    giveBackSubnet: async ({ subnet, holder }) => void events.push(`${subnet} of ${holder} given back`),
  };
  await workers.save(worker);
  events = [];
});

describe('removing a worker', () => {
  test('gives its subnet back when no worker has it any more', async () => {
    await removeWorker(roster, worker.id);
    assert.deepEqual(events, ['removed', `10.18.0.0 of ${worker.id} given back`, 'revoked']);
  });

  test('gives it back under the id that the root knows it by', async () => {
    await workers.save({ ...worker, subnet_holder: 'holder' });
    await removeWorker(roster, worker.id);
    assert.ok(events.includes('10.18.0.0 of holder given back'));
  });

  test('that cannot be removed leaves it its subnet', async () => {
    failing = true;
    await assert.rejects(removeWorker(roster, worker.id), { code: 'STORE_FULL' });
    assert.deepEqual(events, []);
    assert.equal(workers.get(worker.id)?.subnet, worker.subnet);
  });

  test('waits for its registration', async () => {
    const registration = Promise.withResolvers<void>();
    void roster.serial.run(worker.id, () => registration.promise);
    const removal = removeWorker(roster, worker.id);
    await new Promise(setImmediate);
    assert.deepEqual(events, []);
    registration.resolve();
    await removal;
  });
});
