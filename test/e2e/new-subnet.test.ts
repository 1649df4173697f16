/** A worker gets another subnet: what runs there goes on under new addresses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tally } from '@hedgerow/cli';
import { type Document, openSqlite, update } from '@hedgerow/common';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { type Caller, clientAndServers, processes } from '../support/stories.ts';

const OTHER = '10.18.7.64';

describe('another subnet for the same worker', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let server: ApiService;
  let caller: Caller;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    ({ server, caller } = await clientAndServers(fleet, 'moved', 4));
  });
  after(() => fleet?.stop());

  it('its containers are wired again, none is started again, and all of them answer', async () => {
    const programs = await processes(fleet);
    const [moved] = server.instance_list;
    await fleet.stopCluster();
    await giveSubnet(join(fleet.run.dir, 'cluster', 'cluster.sqlite'), moved?.worker_id ?? '', OTHER);
    await eventually('every worker will register again', async () => refusals(fleet), isTwiceEach);
    await fleet.startCluster();
    const isMoved = (i: ApiInstance) => i.worker_id === moved?.worker_id;
    await eventually(
      'addresses from the other subnet',
      () => fleet.client.service(server.microserviceID),
      ({ instance_list }) =>
        instance_list.filter(isMoved).every(i => i.namespace_ip.startsWith('10.18.7.')) &&
        instance_list.every(i => i.status === 'RUNNING'),
      { timeout: 60_000 },
    );
    assert.deepEqual(await processes(fleet), programs, 'the same processes');
    // a demo program tells the address that it had when it started
    const started = server.instance_list.map(i => i.namespace_ip).sort();
    await eventually(
      'an answer of every instance',
      async () => tally(await fleet.request(caller, `http://${server.RR_ip}/`, 60)),
      counts => [...counts.keys()].sort().join() === started.join(),
    );
  });
});

/** A worker whose connection fails twice registers anew, and hears of its subnet. @returns failures by worker */
function refusals({ run }: TestFleet): number[] {
  const logs = ['worker1', 'worker2'].map(name => readFileSync(join(run.dir, `worker-${name}.log`), 'utf8'));
  return logs.map(log => log.split('"msg":"not connected').length - 1);
}

function isTwiceEach(counts: number[]): boolean {
  return counts.every(count => count >= 2);
}

/** As a cluster would that was told so by the root. */
async function giveSubnet(file: string, workerId: string, subnet: string): Promise<void> {
  const store = openSqlite({ file, durability: 'normal' });
  const workers = store.collection<Document & { subnet: string }>('workers', []);
  assert.ok(await update(workers, workerId, worker => ({ ...worker, subnet })));
  await store.close();
}
