/** The order of things that happen at the same time; containers in memory, a store of its own, time by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { HedgerowError, openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { JobPayload } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Result } from '../health/health.ts';
import { Readers } from '../logs/readers.ts';
import { makeCheck } from '../testing/checks.ts';
import { makeDeploy } from '../testing/deploys.ts';
import { ScriptedRuntime } from '../testing/scripted-runtime.ts';
import type { Overlay } from './context.ts';
import { DesiredStore } from './desired.ts';
import { Instances } from './instances.ts';

describe('instances', () => {
  let clock: ManualClock;
  let store: Store;
  let runtime: ScriptedRuntime;
  let told: JobPayload[];
  let health: Result;
  let overlay: Overlay | null;
  let isAway: boolean;
  let instances: Instances;

  const newEngine = async (rebooted = false): Promise<Instances> => {
    const made = new Instances({
      runtime,
      overlay,
      desired: new DesiredStore(store),
      readers: new Readers(clock),
      probe: async () => health,
      random: () => 0,
      clock,
      log: silentLogger,
      workerId: 'f'.repeat(24),
      rebooted,
      publicAddress: () => '192.0.2.1',
      publish: report => !isAway && told.push(report) > 0,
    });
    await made.load();
    return made;
  };
  const engine = async (rebooted = false): Promise<Instances> => {
    const made = await newEngine(rebooted);
    await made.resume();
    await made.idle();
    return made;
  };
  const settled = async () => {
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    await instances.idle();
  };
  const deploy = async (change: Parameters<typeof makeDeploy>[0] = {}) => {
    await instances.deploy(makeDeploy(change));
    await settled();
  };
  /** The program ends, and the engine hears of it. */
  const ends = (code: number) => {
    const { job_name, instance_number } = runtime.end(code);
    instances.changed(job_name, instance_number);
  };
  const statuses = (generation: number) =>
    told.filter(report => report.generation === generation).map(({ status }) => status);
  const last = () => told.at(-1);

  beforeEach(async () => {
    clock = manualClock();
    store = openSqlite({ file: ':memory:', durability: 'normal' });
    runtime = new ScriptedRuntime();
    told = [];
    isAway = false;
    overlay = null;
    health = { outcome: 'passed' };
    instances = await engine();
  });

  it('what runs is adopted by the next engine while something else waits for its image', async () => {
    await deploy();
    const first = runtime.holdUp('image');
    await instances.deploy(makeDeploy({ instance_number: 1 }));
    await first.reached;
    const second = runtime.holdUp('image');
    instances = await newEngine();
    const adopting: boolean[] = [instances.isAdopting];
    instances.onChange(() => adopting.push(instances.isAdopting));
    await instances.resume();
    await second.reached;
    assert.deepEqual([adopting[0], adopting.at(-1)], [true, false]);
    assert.deepEqual(
      instances.reports().map(({ status }) => status),
      ['RUNNING', 'CREATING'],
    );
    second.release();
    first.release();
    await settled();
  });

  describe('an order that comes while what was there is dealt with', () => {
    it('is not ended by the end of the one before it, neither now nor after a restart of the engine', async () => {
      await deploy({ one_shot: true });
      const logs = runtime.holdUp('logs');
      ends(0);
      await logs.reached;
      await instances.deploy(makeDeploy({ generation: 2, one_shot: true }));
      logs.release();
      await settled();
      assert.deepEqual(statuses(2), ['CREATING', 'RUNNING']);
      const [kept] = await new DesiredStore(store).all();
      assert.deepEqual([kept?.deploy.generation, kept?.ended], [2, null]);
    });

    it('is not said to run because the one before it was just being started', async () => {
      const starting = runtime.holdUp('start');
      await instances.deploy(makeDeploy());
      await starting.reached;
      await instances.deploy(makeDeploy({ generation: 2 }));
      starting.release();
      await settled();
      assert.deepEqual(statuses(2), ['CREATING', 'RUNNING']);
      assert.deepEqual(runtime.started, ['c1', 'c2']);
      assert.deepEqual(
        [...runtime.containers.values()].map(({ generation }) => generation),
        [2],
      );
    });

    it('has no end of another service of its name in its history, whoever was away', async () => {
      await deploy();
      const removal = runtime.holdUp('remove');
      isAway = true;
      await instances.delete(makeDeploy());
      await removal.reached;
      const other = 'e'.repeat(24);
      await instances.deploy(makeDeploy({ service_id: other }));
      removal.release();
      await settled();
      const [report] = instances.untold();
      assert.equal(report?.service_id, other);
      assert.deepEqual(
        report?.moves?.map(({ status }) => status),
        ['CREATING', 'RUNNING'],
      );
    });

    it('is not charged with a failure of the one before it', async () => {
      const { promise: failed, reject: fail } = Promise.withResolvers<void>();
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      runtime.before('start', () => {
        runtime.before('start', () => {});
        reach();
        return failed;
      });
      await instances.deploy(makeDeploy());
      await reached;
      await instances.deploy(makeDeploy({ generation: 2 }));
      fail(new HedgerowError(ERRORS.RUNTIME_FAILED, 'no such device'));
      await settled();
      assert.deepEqual(statuses(2), ['CREATING', 'RUNNING']);
    });
  });

  describe('a first restart', () => {
    beforeEach(async () => {
      runtime.printed = [{ at: '', text: 'last words' }];
      await deploy();
      told.length = 0;
    });
    const spoken = () => told.map(({ status, logs, moves }) => [status, logs, moves?.map(m => m.status)]);
    const ALL = [
      ['FAILED', 'last words', ['FAILED']],
      ['CREATING', '', ['CREATING']],
      ['RUNNING', '', ['RUNNING']],
    ];

    it('does not wait for the last lines, which are told first and of whose container nothing is lost', async () => {
      const logs = runtime.holdUp('logs');
      ends(1);
      await logs.reached;
      for (let turn = 0; turn < 10; turn++) await setImmediate();
      assert.deepEqual(runtime.started, ['c1', 'c2']);
      assert.deepEqual(spoken(), []);
      assert.deepEqual(instances.untold(), [], 'also when the cluster comes back just now');
      assert.equal(runtime.containers.size, 2);
      logs.release();
      await settled();
      assert.deepEqual(spoken(), ALL);
      assert.deepEqual(
        [...runtime.containers.values()].map(({ container }) => container),
        ['c2'],
      );
    });

    it('tells without them when they do not come', async () => {
      const logs = runtime.holdUp('logs');
      ends(1);
      await logs.reached;
      for (let turn = 0; turn < 10; turn++) await setImmediate();
      clock.advance(2000);
      await settled();
      assert.deepEqual(spoken(), [['FAILED', '', ['FAILED']], ...ALL.slice(1)]);
      logs.release();
    });

    it('does not wait for the removal of what ended, but UNDEPLOYED does', async () => {
      const first = runtime.holdUp('remove');
      ends(1);
      await first.reached;
      assert.deepEqual(spoken(), ALL);
      const own = runtime.holdUp('remove');
      const { job_name, service_id } = makeDeploy();
      await instances.delete({
        ...{ job_name, service_id, virtualization: 'docker', instance_number: 0 },
        request_id: '',
      });
      await own.reached;
      const again = runtime.holdUp('remove');
      own.release();
      await again.reached;
      assert.equal(last()?.status, 'RUNNING');
      first.release();
      again.release();
      await settled();
      assert.equal(last()?.status, 'UNDEPLOYED');
      assert.equal(runtime.containers.size, 0);
    });

    it('has what a sweep finds of it meanwhile removed, as no leak', async () => {
      const removal = runtime.holdUp('remove');
      ends(1);
      await removal.reached;
      await instances.sweep();
      assert.deepEqual(instances.leaks(), { containers: 0, holds: 0 });
      assert.equal(runtime.containers.size, 1);
      removal.release();
    });

    it('lets the next one go again when what ended is gone, which may have been started by hand meanwhile', async () => {
      const released: string[] = [];
      overlay = wiredAtOnce(name => released.push(name));
      instances = await engine();
      const removal = runtime.holdUp('remove');
      ends(1);
      await removal.reached;
      const name = runtime.nameOf(makeDeploy().job_name, 0);
      assert.deepEqual(released, [name, name], 'once when it was adopted, once when it was started again');
      removal.release();
      await settled();
      assert.deepEqual(released, [name, name, name]);
    });

    it('leaves what could not be removed to the next sweep', async () => {
      runtime.before('remove', () => {
        throw new HedgerowError(ERRORS.RUNTIME_FAILED, 'device or resource busy');
      });
      ends(1);
      await settled();
      assert.deepEqual(spoken(), ALL);
      assert.equal(runtime.containers.size, 2);
      runtime.before('remove', () => {});
      await instances.sweep();
      await settled();
      assert.deepEqual(
        [...runtime.containers.values()].map(({ container }) => container),
        ['c2'],
      );
      assert.deepEqual(instances.leaks(), { containers: 0, holds: 0 });
    });

    for (const call of ['create', 'start', 'remove'] as const)
      it(`leaves one container when the engine is killed before its ${call}`, async () => {
        const held = runtime.holdUp(call);
        ends(1);
        await held.reached;
        runtime.before(call, () => {});
        instances = await engine();
        await settled();
        const left = [...runtime.containers.values()];
        assert.deepEqual(
          left.map(({ state }) => state),
          ['running'],
        );
        assert.equal(left[0]?.name, runtime.nameOf(makeDeploy().job_name, 0));
        assert.deepEqual(instances.leaks(), { containers: 0, holds: 0 });
        assert.equal(last()?.status, 'RUNNING');
      });
  });

  it('an end after a restart of the machine that found no container is the program’s own', async () => {
    await deploy({ restart: { policy: 'never', attempts: 0 } });
    runtime.containers.clear();
    await instances.stop();
    instances = await engine(true);
    assert.equal(last()?.status, 'RUNNING');
    ends(4);
    await settled();
    assert.equal(last()?.status, 'DEAD');
  });

  describe('attempts', () => {
    const limited = { restart: { policy: 'always', attempts: 2 } };

    it('one end is counted once, however often its container cannot be removed', async () => {
      await deploy(limited);
      let failures = 3;
      runtime.before('remove', () => {
        if (failures-- > 0) throw new HedgerowError(ERRORS.RUNTIME_FAILED, 'device or resource busy');
      });
      ends(1);
      for (let turn = 0; turn < 5; turn++) {
        await settled();
        clock.advance(60_000);
      }
      await settled();
      assert.equal(last()?.status, 'RUNNING');
      assert.ok(!told.some(({ status }) => status === 'DEAD'));
    });

    it('are kept through restarts of the engine', async () => {
      await deploy(limited);
      for (let turn = 0; turn < 3; turn++) {
        ends(1);
        await settled();
        clock.advance(60_000);
        await settled();
        await instances.stop();
        instances = await engine();
      }
      assert.equal(instances.all()[0]?.report.status, 'DEAD');
      assert.match(instances.all()[0]?.report.status_detail ?? '', /given up after 3 tries/);
    });

    it('begin anew after ten minutes of health, also when the engine has been restarted since', async () => {
      await deploy(limited);
      ends(1);
      await settled();
      ends(1);
      await settled();
      clock.advance(60_000);
      await settled();
      await instances.stop();
      const [seen] = runtime.containers.values();
      if (seen) runtime.containers.set(seen.name, { ...seen, age: 600_000 });
      instances = await engine();
      ends(1);
      await settled();
      assert.equal(last()?.status, 'RUNNING');
    });

    it('an end that the last engine counted and did not clear away is not counted by the next', async () => {
      await deploy(limited);
      runtime.before('remove', () => {
        throw new HedgerowError(ERRORS.RUNTIME_FAILED, 'device or resource busy');
      });
      ends(1);
      for (let turn = 0; turn < 3; turn++) {
        await settled();
        await instances.stop();
        instances = await engine();
      }
      runtime.before('remove', () => {});
      clock.advance(60_000);
      await settled();
      assert.equal(last()?.status, 'RUNNING');
    });
  });

  it('nobody asks after the health of a program whose container is gone', async () => {
    await deploy({ health_check: makeCheck({ type: 'exec', command: ['ok'] }) });
    clock.advance(1000);
    await settled();
    const image = runtime.holdUp('image');
    const { job_name, instance_number } = runtime.end(0);
    runtime.containers.clear();
    instances.changed(job_name, instance_number);
    await image.reached;
    const asked = clock.monotonic();
    health = { outcome: 'failed', why: 'nobody there' };
    clock.advance(10_000);
    assert.equal(instances.all()[0]?.monitor, null, `at ${asked}`);
    image.release();
    await settled();
  });

  it('what a check printed is told without the values of the environment, also while the runtime is away', async () => {
    const health_check = makeCheck({ type: 'exec', command: ['ok'], retries: 1 });
    await deploy({ health_check, environment: ['TOKEN=hunter2-hunter2'] });
    clock.advance(1000);
    await settled();
    assert.equal(last()?.status, 'RUNNING');
    health = { outcome: 'failed', why: 'ok exited with code 1: no hunter2-hunter2' };
    runtime.up = false;
    clock.advance(2000);
    await settled();
    assert.equal(last()?.status, 'FAILED');
    assert.ok(!told.some(report => JSON.stringify(report).includes('hunter2')));
  });
});

/** A network that is there at once. */
function wiredAtOnce(release: (name: string) => void): Overlay {
  return {
    gateway: {
      ready: async () => {},
      attach: async ({ serviceName }) => ({ serviceName, nsAddress: '10.18.0.2', nsAddressv6: '' }),
      detach: async () => {},
      detachOthers: async () => {},
      exclude: async () => {},
      include() {},
      forget() {},
    },
    holds: { take: async name => name, release, drop() {}, keep: () => [] },
  };
}
