/** A worker gets another subnet: what runs there goes on under new addresses. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dockerJson, listContainers, tally } from '@hedgerow/cli';
import { type Document, openSqlite, update } from '@hedgerow/common';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, SLEEP, scale } from '../support/stories.ts';

const OTHER = '10.18.7.64';

describe('another subnet for the same worker', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let server: ApiService;
  let caller: { service: ApiService; instance: ApiInstance };

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    const services = await register(
      fleet,
      descriptor('moved', [microservice('client', { cmd: SLEEP }), microservice('server')]),
    );
    const client = await scale(fleet, services.get('client') as ApiService, 1);
    server = await scale(fleet, services.get('server') as ApiService, 4);
    caller = { service: client, instance: client.instance_list[0] as ApiInstance };
  });
  after(() => fleet?.stop());

  it('its containers are wired again, none is started again, and all of them answer', async () => {
    const programs = await pids();
    const [moved] = server.instance_list;
    await fleet.stopCluster();
    await giveSubnet(join(fleet.run.dir, 'cluster', 'cluster.sqlite'), moved?.worker_id ?? '', OTHER);
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
    assert.deepEqual(await pids(), programs, 'the same processes');
    // a demo program tells the address that it had when it started
    const started = server.instance_list.map(i => i.namespace_ip).sort();
    await eventually(
      'an answer of every instance',
      async () => tally(await fleet.request(caller, `http://${server.RR_ip}/`, 60)),
      counts => [...counts.keys()].sort().join() === started.join(),
    );
  });

  async function pids(): Promise<string[]> {
    const { socket } = fleet.engine;
    const inspect = ({ Id }: { Id: string }) =>
      dockerJson<{ Id: string; State: { Pid: number } }>(socket, {
        method: 'GET',
        path: `/containers/${Id}/json`,
      });
    const found = await Promise.all((await listContainers(socket, '')).map(inspect));
    return found.map(({ Id, State }) => `${Id} ${State.Pid}`).sort();
  }
});

/** As a cluster would that was told so by the root. */
async function giveSubnet(file: string, workerId: string, subnet: string): Promise<void> {
  const store = openSqlite({ file, durability: 'normal' });
  const workers = store.collection<Document & { subnet: string }>('workers', []);
  assert.ok(await update(workers, workerId, worker => ({ ...worker, subnet })));
  await store.close();
}
