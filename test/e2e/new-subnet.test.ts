/** A worker gets another subnet: what runs there goes on under new addresses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tally } from '@hedgerow/cli';
import { type Document, inPrefix, newId, openSqlite, update } from '@hedgerow/common';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { type Caller, clientAndServers, processes } from '../support/stories.ts';

const OTHER = '10.18.7.64';
/** that two workers and their cluster may have got */
const OTHERS = Array.from({ length: 8 }, (_, n) => `10.18.${Math.floor(n / 4)}.${(n % 4) * 64}`);

describe('another subnet for the same worker', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let server: ApiService;
  let caller: Caller;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    ({ server, caller } = await clientAndServers(fleet, 'moved', 4));
  });
  after(() => fleet?.stop());

  const everyInstanceAnswers = () => {
    // a demo program tells the address that it had when it started
    const started = server.instance_list.map(i => i.namespace_ip).sort();
    return eventually(
      'an answer of every instance',
      async () => tally(await fleet.request(caller, `http://${server.RR_ip}/`, 60)),
      counts => [...counts.keys()].sort().join() === started.join(),
    );
  };

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
    await everyInstanceAnswers();
  });

  it('so does one whose subnet another cluster has since the root’s store was put back', async () => {
    const programs = await processes(fleet);
    const before = await fleet.client.service(server.microserviceID);
    const [moved] = before.instance_list.filter(i => !i.namespace_ip.startsWith('10.18.7.'));
    const was = OTHERS.find(one => inPrefix(moved?.namespace_ip ?? '', `${one}/26`)) ?? '';
    await fleet.stopRoot();
    await putBack(join(fleet.run.dir, 'root', 'root.sqlite'), was);
    await fleet.startRoot();
    await fleet.client.login('Admin', 'Admin');
    await eventually(
      'addresses from another subnet',
      () => fleet.client.service(server.microserviceID),
      ({ instance_list }) =>
        instance_list.every(i => i.namespace_ip !== '' && !inPrefix(i.namespace_ip, `${was}/26`)),
      { timeout: 60_000 },
    );
    assert.deepEqual(await processes(fleet), programs, 'the same processes');
    await everyInstanceAnswers();
    const { moves } = await fleet.client.history(server.microserviceID, moved?.instance_number ?? 0);
    assert.match(
      moves.map(({ detail }) => detail).join('\n'),
      /address is 10\..* now, it was .*: subnet .* is another worker’s/,
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

/** A subnet is another cluster's, which has more instances there; none of them serves. */
async function putBack(file: string, subnet: string): Promise<void> {
  const other = newId(Date.now());
  const store = openSqlite({ file, durability: 'normal' });
  const [claims, clusters, instances] = ['claims', 'clusters', 'instances'].map(name =>
    store.collection<Document & Record<string, unknown>>(name, []),
  );
  const [cluster] = (await clusters?.find()) ?? [];
  const [instance] = (await instances?.find()) ?? [];
  assert.ok(claims && clusters && cluster && instances && instance);
  assert.ok(
    await update(claims, `subnet/${subnet}`, claim => ({ ...claim, owner: `worker/${other}/${newId(0)}` })),
  );
  await clusters.insert({ ...cluster, id: other, name: 'other' });
  for (let n = 0; n < 9; n++) {
    const copy = { instance_number: 90 + n, cluster_id: other, worker_subnet: subnet, namespace_ip: '' };
    const id = `${instance.service_id}/${copy.instance_number}`;
    await instances.insert({ ...instance, ...copy, id, status: 'CREATED', instance_ip: `10.30.99.${n + 1}` });
  }
  await store.close();
}
