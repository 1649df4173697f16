/** The network is there before the first instruction: a program that connects at once, and only once, succeeds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { ensureDemoImage } from '@hedgerow/cli';
import type { ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import type { Snapshot } from '../support/snapshot.ts';
import { descriptor, microservice, on, register, scale } from '../support/stories.ts';

const TIMES = 50;
/** Its first act is one request to another service; without an answer it ends with a code that is not 0. */
const CONNECT = ['wget', '-q', '-O', '/dev/null', 'http://10.30.40.40/'];

describe('a program whose first instruction connects to another service', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let jobs: Map<string, ApiService>;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    clean = await fleetState(fleet);
    await ensureDemoImage(fleet.engine.socket, { name: 'hedgerow/nobody:1', changes: ['USER nobody'] });
    const services = await register(
      fleet,
      descriptor('first', [
        microservice('server', { addresses: { rr_ip: '10.30.40.40' } }),
        microservice('root', { cmd: CONNECT, one_shot: true, memory: 16 }),
        microservice('nobody', { cmd: CONNECT, one_shot: true, memory: 16, code: 'hedgerow/nobody:1' }),
      ]),
    );
    await scale(fleet, services.get('server') as ApiService, 2);
    jobs = services;
  });
  after(() => fleet?.stop());

  for (const user of ['root', 'nobody']) {
    it(`succeeds ${TIMES} of ${TIMES} times as ${user}`, async () => {
      const done = await scale(fleet, jobs.get(user) as ApiService, TIMES);
      const ended = await untilEnded(fleet, done.microserviceID);
      const failed = ended.filter(instance => instance.status !== 'COMPLETED');
      assert.deepEqual(
        failed.map(({ status, status_detail }) => `${status}: ${status_detail}`),
        [],
      );
      assert.equal(ended.length, TIMES);
      assert.deepEqual(restarts(fleet, user), [], 'none was started a second time');
    });
  }

  it('and nothing is left', () => assertNoLeaks(fleet, clean));
});

/** RetransSegs of this network namespace, which is the program's own, is 0 when no packet had to be sent again. */
const CONNECT_AT_ONCE = [
  'sh',
  '-c',
  'wget -q -O /dev/null http://10.30.40.41/ && [ "$(awk \'/^Tcp:/ { n = $13 } END { print n }\' /proc/net/snmp)" = 0 ]',
];

describe('the first instance of an application on its worker', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  before(async () => {
    fleet = await startFleet({ workers: 2 });
  });
  after(() => fleet?.stop());

  it('has its answer from another worker without a packet lost, each time', async () => {
    const services = await register(
      fleet,
      descriptor('apart', [
        microservice('server', { addresses: { rr_ip: '10.30.40.41' }, ...on('worker1') }),
        microservice('client', { cmd: CONNECT_AT_ONCE, one_shot: true, ...on('worker2') }),
      ]),
    );
    await scale(fleet, services.get('server') as ApiService, 1);
    const client = services.get('client') as ApiService;
    for (let round = 0; round < 5; round++) {
      await scale(fleet, client, 1);
      await untilEnded(fleet, client.microserviceID);
      await fleet.client.removeInstance(client.microserviceID, -1);
    }
    const again = [...fleet.workers.values()].flatMap(({ child }) =>
      readFileSync(child.log, 'utf8')
        .split('\n')
        .filter(line => /"status":"(DEAD|FAILED)"/.test(line)),
    );
    assert.deepEqual(again, []);
  });
});

async function untilEnded(fleet: TestFleet, id: string) {
  const service = await eventually(
    'all ended',
    () => fleet.client.service(id),
    ({ instance_list }) => instance_list.every(instance => instance.status === 'COMPLETED'),
    { timeout: 60_000 },
  );
  return service.instance_list;
}

/** A program that failed at first and succeeded later would be COMPLETED as well: the workers' logs tell. */
function restarts(fleet: TestFleet, service: string): string[] {
  return [...fleet.workers.values()].flatMap(({ child }) =>
    readFileSync(child.log, 'utf8')
      .split('\n')
      .filter(line => line.includes(`first.test.${service}.test/`) && /"status":"(DEAD|FAILED)"/.test(line)),
  );
}
