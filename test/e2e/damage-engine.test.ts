/** A worker's process is killed while an instance is in each of its states: nothing is done twice, nothing is forgotten. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { docker } from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { copies, processesOf, runningCopies } from '../support/copies.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import { type SlowRegistry, startSlowRegistry } from '../support/slow-registry.ts';
import type { Snapshot } from '../support/snapshot.ts';
import { descriptor, microservice, register, SLEEP, scale, untilStatus } from '../support/stories.ts';

const JOB = 'states.test.';
const DEAF = ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'];
const HEALTHY = '/tmp/healthy';
const CHECK = { type: 'exec', command: ['ls', HEALTHY], interval: 1, start_period: 600 };

describe('a worker’s process is killed while an instance is', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let registry: SlowRegistry;
  let services: Map<string, ApiService>;
  const named = (name: string) => services.get(name) as ApiService;

  before(async () => {
    registry = await startSlowRegistry();
    fleet = await startFleet({ workers: 1, flags: { worker: ['--stop-grace', '3'] } });
    clean = await fleetState(fleet);
    services = await register(
      fleet,
      descriptor('states', [
        microservice('steady'),
        microservice('ordered', { cmd: SLEEP }),
        microservice('pulled', { cmd: SLEEP, code: `${registry.repository}:1` }),
        microservice('checked', { cmd: SLEEP, health_check: CHECK }),
        microservice('failing', { cmd: ['sh', '-c', 'exit 3'] }),
        microservice('removed', { cmd: DEAF }),
      ]),
    );
    await scale(fleet, named('steady'), 1);
  });
  after(async () => {
    await fleet?.stop();
    await registry?.stop();
  });

  const begin = async (name: string, status: string): Promise<ApiService> => {
    await fleet.client.addInstance(named(name).microserviceID);
    return untilStatus(fleet, named(name), status);
  };
  const copiesOf = (name: string) => copies(fleet, `${JOB}${name}.`);
  const remove = async (name: string) => {
    await fleet.client.removeInstance(named(name).microserviceID, -1);
    await untilGone(name);
  };
  const untilGone = (name: string) =>
    eventually(
      `${name} is gone`,
      () => copiesOf(name),
      left => left.length === 0,
      { timeout: 20_000 },
    );

  /** What ran goes on. */
  async function crash(): Promise<void> {
    const before = processesOf(await runningCopies(fleet, `${JOB}steady.`));
    assert.equal(before.length, 1);
    await fleet.stopWorker('worker1', 0);
    await fleet.startWorker('worker1');
    await untilStatus(fleet, named('steady'), 'RUNNING');
    assert.deepEqual(processesOf(await runningCopies(fleet, `${JOB}steady.`)), before);
  }

  it('NODE_SCHEDULED: it runs once', async () => {
    process.kill(fleet.worker('worker1').child.id.pid, 'SIGSTOP');
    await begin('ordered', 'NODE_SCHEDULED');
    await crash();
    await untilStatus(fleet, named('ordered'), 'RUNNING');
    assert.equal((await copiesOf('ordered')).length, 1);
    await remove('ordered');
  });

  it('CREATING: it is begun again, and runs once', async () => {
    await begin('pulled', 'CREATING');
    await registry.asked;
    await crash();
    await docker(fleet.engine.socket, {
      method: 'POST',
      path: `/images/hedgerow/demo:1/tag?repo=${registry.repository}&tag=1`,
    });
    registry.refuse();
    await untilStatus(fleet, named('pulled'), 'RUNNING', 60_000);
    assert.equal((await copiesOf('pulled')).length, 1);
    await remove('pulled');
  });

  it('CREATED: the same program is checked on, and serves', async () => {
    const service = await begin('checked', 'CREATED');
    const before = processesOf(await copiesOf('checked'));
    await crash();
    assert.deepEqual(processesOf(await copiesOf('checked')), before);
    const [instance] = service.instance_list;
    await fleet.execIn(service, instance as ApiInstance, 'touch', HEALTHY);
    await untilStatus(fleet, named('checked'), 'RUNNING');
    assert.deepEqual(processesOf(await copiesOf('checked')), before);
    await remove('checked');
  });

  it('RUNNING: it goes on', crash);

  it('FAILED: it is tried again, one container at a time', async () => {
    await begin('failing', 'FAILED');
    const tried = new Set((await copiesOf('failing')).map(({ id }) => id));
    await crash();
    await eventually(
      'another attempt',
      async () => {
        const all = await copiesOf('failing');
        assert.ok(all.length <= 1);
        return all;
      },
      all => all.some(({ id }) => !tried.has(id)),
      { timeout: 20_000, every: 20 },
    );
    await remove('failing');
  });

  it('on its way out: it is gone', async () => {
    await begin('removed', 'RUNNING');
    await fleet.client.removeInstance(named('removed').microserviceID, -1);
    const { child } = fleet.worker('worker1');
    await eventually(
      'it is being stopped',
      () => readFileSync(child.log, 'utf8'),
      log => /removed\.test".*to be removed/.test(log),
    );
    assert.equal((await copiesOf('removed')).length, 1);
    await crash();
    await untilGone('removed');
  });

  it('and nothing is left', () => assertNoLeaks(fleet, clean));
});
