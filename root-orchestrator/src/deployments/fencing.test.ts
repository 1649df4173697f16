/** Two writers of one instance, the one of an older placement or an earlier reign: in either store it never wins. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Collection, isErrorOf, openSqlite, type Store } from '@hedgerow/common';
import { openMongodb } from '@hedgerow/common/mongodb';
import { manualClock } from '@hedgerow/common/testing';
import type { InstanceReport } from '@hedgerow/protos';
import { startMongodb, type TestMongodb, withoutMongodb } from '@hedgerow/test/support/mongodb.ts';
import { altered } from '../clusters/testing/altered.ts';
import { openCollections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Instance } from '../model.ts';
import { Board } from './board.ts';
import { InstanceStore } from './instance-store.ts';
import { observe } from './moves.ts';

const fresh = (id: string): Omit<Instance, 'revision'> => ({
  id,
  service_id: 's',
  application_id: 'a',
  job_name: 'a.n.s.n',
  instance_number: 0,
  instance_ip: '10.30.0.2',
  generation: 1,
  request_id: '',
  desired: 'run',
  cluster_id: 'c',
  status: 'RUNNING',
  status_detail: 'first',
  epoch: 5,
  worker_id: 'w',
  host_ip: '',
  host_port: 0,
  namespace_ip: '',
  worker_subnet: '',
  cpu_percent: '',
  memory_percent: '',
  disk: '',
  logs: '',
  last_modified_timestamp: 0,
});

const said = (status_detail: string, epoch: number, generation = 1): InstanceReport => {
  const { service_id, instance_number, worker_id } = fresh('');
  const where = { host_ip: '', host_port: 0, namespace_ip: '', worker_subnet: '' };
  const usage = { cpu_percent: '', memory_percent: '', disk: '', logs: '' };
  const which = { service_id, instance_number, worker_id, generation, epoch };
  return { ...which, ...where, ...usage, status: 'RUNNING', status_detail };
};

interface Harbour {
  open(): Promise<Store>;
  rounds: number;
}

function cases({ open, rounds }: Harbour): void {
  let stores: Store[];
  let count = 0;
  before(async () => {
    stores = [await open(), await open()];
  });
  after(() => Promise.all(stores.map(store => store.close())));

  /** What one root writes with. It believes that it leads. */
  function root(n: 0 | 1, epoch: number, wrap = (c: Collection<Instance>) => c) {
    const { instances } = openCollections(stores[n] as Store);
    const bids: number[] = [];
    const store = new InstanceStore({
      collection: wrap(instances),
      board: new Board(),
      reign: { epoch, isValid: () => true },
      clock: manualClock(),
      moves: { record() {} },
      touched() {},
      outbid: bid => bids.push(bid),
    });
    const hear = (id: string, report: InstanceReport) =>
      store.change(id, i => observe(i, report, true), 'heard');
    return { instances, store, hear, bids };
  }

  test('of two reports at once the newer placement stays, whoever comes first', async () => {
    const [one, two] = [root(0, 1), root(1, 1)];
    const races = Array.from({ length: rounds }, async (_, n) => {
      const id = `race${n}`;
      await one.instances.insert(fresh(id));
      const older = n % 4 < 2 ? said('older', 6) : said('older', 9, 0);
      const writes = [() => one.hear(id, older), () => two.hear(id, said('newer', 7))];
      await Promise.all((n % 2 ? writes : writes.reverse()).map(write => write()));
      const { status_detail, epoch } = (await one.instances.get(id)) as Instance;
      assert.deepEqual([status_detail, epoch], ['newer', 7], id);
    });
    await Promise.all(races);
  });

  /** A root whose writes wait until `pass`: it has read by then. */
  function paused(epoch: number) {
    const [reading, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = root(0, epoch, inner =>
      altered(inner, {
        async replace(document, revision) {
          reading.resolve();
          await gate.promise;
          return inner.replace(document, revision);
        },
      }),
    );
    return { ...late, hasRead: reading.promise, pass: gate.resolve };
  }

  test('one that read before and writes after does not write over it', async () => {
    const id = `late${count++}`;
    const [late, other] = [paused(1), root(1, 1)];
    await late.instances.insert(fresh(id));
    const writing = late.hear(id, said('older', 6));
    await late.hasRead;
    await other.hear(id, said('newer', 7));
    late.pass();
    await writing;
    assert.equal((await other.instances.get(id))?.status_detail, 'newer');
  });

  test('a leader that stood still between its look at the lease and its write writes nothing', async () => {
    const id = `stale${count++}`;
    const late = paused(1);
    await late.instances.insert(fresh(id));
    const writing = late.hear(id, said('of the one that slept', 6));
    await late.hasRead;
    const next = root(1, 2);
    await next.store.start(() => {});
    late.pass();
    await assert.rejects(writing, error => isErrorOf(error, ERRORS.NOT_LEADING));
    next.store.stop();
    assert.deepEqual(late.bids, [2], 'and it hears of the later one');
    assert.equal((await next.instances.get(id))?.status_detail, 'first');
    await assert.rejects(
      root(0, 1).store.change(id, () => ({ desired: 'gone' })),
      /leads no more/,
    );
  });

  test('a leader that finds a later reign in the store takes one after it', async () => {
    const id = `later${count++}`;
    const leader = root(0, 7);
    await leader.instances.insert(fresh(id));
    await leader.hear(id, said('seventh', 6));
    const anew = root(1, 3);
    await assert.rejects(
      anew.store.start(() => {}),
      error => isErrorOf(error, ERRORS.NOT_LEADING),
    );
    anew.store.stop();
    assert.deepEqual([...new Set(anew.bids)], [7]);
  });
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-fencing-'));
  after(() => rmSync(folder, { recursive: true }));
  // Two handles, as two processes have them.
  const file = join(folder, 'root.sqlite');
  cases({ open: async () => openSqlite({ file, durability: 'normal' }), rounds: 200 });
});

describe('MongoDB', { skip: withoutMongodb() }, () => {
  let mongodb: TestMongodb;
  let url: string;
  before(async () => {
    mongodb = await startMongodb();
    url = mongodb.database();
  });
  after(() => mongodb.stop());
  cases({ open: () => openMongodb({ url }), rounds: 60 });
});
