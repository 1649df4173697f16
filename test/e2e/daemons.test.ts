/** The seed's two daemons, `NetManager -p 6000` and `NodeEngine -a … -p 10100 -n 6000`, take over from `hedge worker`. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Child, endProcess, exec, startChild } from '@hedgerow/cli';
import type { ApiService } from '@hedgerow/protos';
import { processesOf, runningCopies } from '../support/copies.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { type Caller, clientAndServers, scale, shares } from '../support/stories.ts';
import { Traffic } from '../support/traffic.ts';

describe('Net Manager and Node Engine as two processes', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let server: ApiService;
  let caller: Caller;
  let net: Child;
  let engine: Child;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    ({ server, caller } = await clientAndServers(fleet, 'daemons', 2));
  });
  after(() => fleet?.stop());

  it('adopt what one process ran, on the same data', async () => {
    const { id, namespace } = fleet.worker('worker2');
    await fleet.stopWorker('worker2');
    net = await startNetManager(namespace);
    engine = await startNodeEngine(namespace);
    assert.equal(engine.ready.worker, id);
    const now = await eventually(
      'everything RUNNING',
      () => fleet.client.service(server.microserviceID),
      ({ instance_list }) => instance_list.every(instance => instance.status === 'RUNNING'),
    );
    assert.deepEqual(addresses(now), addresses(server));
  });

  const data = () => join(fleet.run.dir, 'worker2');
  const startNetManager = (namespace: string) =>
    startChild(fleet.run, {
      name: 'worker-net-manager',
      role: 'net-manager',
      args: ['-p', '6000', '--data', join(data(), 'net')],
      namespace,
      from: 'source',
    });
  const startNodeEngine = (namespace: string) =>
    startChild(fleet.run, {
      name: 'worker-node-engine',
      role: 'node-engine',
      args: [
        ...['-a', fleet.cluster.address, '-p', '10100', '-n', '6000', '--hostname', 'worker2'],
        ...['--docker', fleet.engine.socket, '--data', data(), '--vcpus', '2', '--memory', '1024'],
      ],
      namespace,
      from: 'source',
    });

  it('start more, and serve it', async () => {
    server = await scale(fleet, server, 4);
    assert.equal(new Set(server.instance_list.map(instance => instance.worker_id)).size, 2);
    const { byInstance, lost } = shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 120));
    assert.equal(lost, 0);
    assert.ok(
      byInstance.every(count => count > 0),
      `every instance answers: ${byInstance.join(', ')}`,
    );
  });

  for (const [part, restart] of [
    ['Node Engine', startNodeEngine],
    ['Net Manager', startNetManager],
  ] as const)
    it(`the ${part} is killed: containers and traffic go on, and it mends what differs when it is back`, async () => {
      const { namespace } = fleet.worker('worker2');
      const before = processesOf(await runningCopies(fleet));
      const traffic = await Traffic.start(fleet, caller, server.RR_ip);
      try {
        await endProcess((part === 'Node Engine' ? engine : net).id, 0);
        assert.deepEqual((await traffic.asked(100)).lost, []);
        const [torn] = await linksOf(namespace);
        if (part === 'Net Manager') await exec('ip', ['-n', namespace, 'link', 'set', torn ?? '', 'down']);
        await restart(namespace);
        await traffic.settled();
        assert.deepEqual(processesOf(await runningCopies(fleet)), before);
      } finally {
        await traffic.stop();
      }
    });
});

/** Of containers that listen, on this worker. */
async function linksOf(namespace: string): Promise<string[]> {
  const links = JSON.parse(await exec('ip', ['-j', '-n', namespace, 'link', 'show'])) as { ifname: string }[];
  return links.map(({ ifname }) => ifname).filter(name => name.startsWith('hv'));
}

function addresses(service: ApiService): string[] {
  return service.instance_list.map(instance => instance.namespace_ip);
}
