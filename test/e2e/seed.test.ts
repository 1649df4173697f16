/** The whole path: a descriptor goes in, a service IP answers from every instance, and nothing is left of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listContainers } from '@hedgerow/cli';
import demo from '@hedgerow/examples/demo.json' with { type: 'json' };
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { call, login } from '../support/http.ts';
import { kernelState } from '../support/netns.ts';
import { withoutRoot } from '../support/requirements.ts';
import { dumpStore } from '../support/stores.ts';
import { descriptor, microservice, register, scale, shares } from '../support/stories.ts';

const REPLICAS = 3;
const REQUESTS = 300;
/** Of 100 expected; a fair choice is further off once in 1,500 runs. */
const TOLERANCE = 30;

describe('the seed: two workers, two services, three replicas', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let before_: Awaited<ReturnType<typeof traces>>;
  let client: ApiService;
  let server: ApiService;
  let caller: { service: ApiService; instance: ApiInstance };

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    before_ = await traces(fleet);
  });
  after(() => fleet?.stop());

  it('runs one client and three servers on both workers', async () => {
    const services = await register(fleet, demo);
    client = await scale(fleet, services.get('curl') as ApiService, 1);
    server = await scale(fleet, services.get('nginx') as ApiService, REPLICAS);
    caller = { service: client, instance: client.instance_list[0] as ApiInstance };
    assert.equal(server.RR_ip, '10.30.30.30');
    assert.equal(server.instance_list.length, REPLICAS);
    assert.equal(new Set(server.instance_list.map(instance => instance.worker_id)).size, 2);
  });

  it('answers every request to the service IP, from each instance a fair share', async () => {
    const { byInstance, lost } = shares(server, await fleet.request(caller, 'http://10.30.30.30/', REQUESTS));
    assert.equal(lost, 0);
    assertFair(byInstance, REQUESTS);
  });

  it('balances a caller who alternates between two services of the same size', async () => {
    const { applicationID } = server;
    const sla = descriptor('clientsrvr', [microservice('second', { addresses: { rr_ip: '10.30.30.31' } })]);
    Object.assign(sla.applications[0] as object, { applicationID });
    const token = await login(fleet.root.url);
    const made = await call(`${fleet.root.url}/api/service`, 'POST', { token, body: sla });
    assert.equal(made.status, 200);
    const found = (await fleet.client.servicesOf(applicationID)).find(s => s.service_name === 'second');
    const second = await scale(fleet, found as ApiService, REPLICAS);
    const script = `n=0; while [ $n -lt ${REQUESTS} ]; do n=$((n+1)); wget -q -O - http://10.30.30.30/; wget -q -O - http://10.30.30.31/; done`;
    const { output } = await fleet.execIn(client, caller.instance, 'sh', '-c', script);
    const answers = output
      .split('\n')
      .filter(Boolean)
      .map(text => ({ text, address: text.split(' ')[1] ?? '' }));
    assert.equal(answers.length, 2 * REQUESTS);
    for (const service of [server, second]) assertFair(shares(service, answers).byInstance, REQUESTS);
    await fleet.client.removeService(second.microserviceID);
  });

  it('reaches an instance by its instance IP, and the instance reaches its own service IP', async () => {
    for (const instance of server.instance_list) {
      const [answer] = await fleet.request(caller, `http://${instance.instance_ip}/`, 1);
      assert.equal(answer?.address, instance.namespace_ip);
      const own = shares(
        server,
        await fleet.request({ service: server, instance }, 'http://10.30.30.30/', 30),
      );
      assert.equal(own.lost, 0);
    }
  });

  it('answers every request from 2 s after an instance was stopped', async () => {
    const stopped = server.instance_list[0] as ApiInstance;
    await fleet.client.removeInstance(server.microserviceID, stopped.instance_number);
    await new Promise(resolve => setTimeout(resolve, 2000));
    server = await fleet.client.service(server.microserviceID);
    const { byInstance, lost } = shares(server, await fleet.request(caller, 'http://10.30.30.30/', 100));
    assert.equal(lost, 0);
    assert.equal(byInstance.length, REPLICAS - 1);
    assert.equal((byInstance[0] as number) + (byInstance[1] as number), 100);
  });

  it('refuses the same descriptor a second time and changes nothing', async () => {
    const stores = storesOf(fleet);
    await assert.rejects(fleet.client.createApplication(demo), /clientsrvr/);
    assert.deepEqual(storesOf(fleet), stores);
  });

  it('leaves nothing when everything is undeployed', async () => {
    await fleet.client.removeApplication(server.applicationID);
    await eventually(
      'traces as before',
      () => traces(fleet),
      found => same(found, before_),
    );
  });
});

function assertFair(counts: readonly number[], total: number): void {
  const fair = total / counts.length;
  for (const count of counts) {
    assert.ok(
      Math.abs(count - fair) <= TOLERANCE,
      `${counts.join(', ')} of ${total} are not ${fair} ± ${TOLERANCE}`,
    );
  }
}

/** Containers, kernel state of both workers, and the ids of all documents of all tiers. */
async function traces(fleet: TestFleet) {
  const workers = [...fleet.workers.values()];
  return {
    containers: (await listContainers(fleet.engine.socket, '')).map(container => container.Names.join()),
    kernel: await Promise.all(workers.map(worker => kernelState(worker.namespace))),
    stores: storesOf(fleet),
  };
}

function storesOf(fleet: TestFleet) {
  const { dir } = fleet.run;
  const workers = [...fleet.workers.keys()].map(name => dumpStore(join(dir, name, 'node.sqlite')));
  return [
    dumpStore(join(dir, 'root', 'root.sqlite')),
    dumpStore(join(dir, 'cluster', 'cluster.sqlite')),
    ...workers,
  ];
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
