/** A worker whose process stood still, whose clock was set, whose machine changed. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { DOWN, hashInstances, type NetStatus } from '@hedgerow/protos';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { WiringNet } from '../testing/wiring-net.ts';
import { removeData, startTestWorker, type TestWorker } from '../testing/worker.ts';

const BEAT = 3000;

/** The broker's acknowledgements come in the order of what it sends: when this is answered, they are there. */
async function acknowledged(cluster: TestCluster): Promise<void> {
  await cluster.send(DOWN.probe, {}, 0);
  await cluster.up.take(({ leaf }) => leaf === 'beat', 'the answer to a probe');
}

/** Timers of a process that stood still come all at once, when it goes on. */
function freezingClock(): ManualClock & { freeze(ms: number): void } {
  const clock = manualClock();
  let frozen = 0;
  return {
    ...clock,
    monotonic: () => clock.monotonic() + frozen,
    freeze(ms) {
      frozen += ms;
    },
  };
}

/** Its kernel lacks something, until it is mended. */
class LackingNet extends WiringNet {
  problems: string[] = ['vxlan: Unknown device type. (modprobe vxlan)'];

  override async status() {
    const lacking: Pick<NetStatus, 'problems' | 'usable'> = {
      problems: this.problems,
      usable: this.problems.length === 0,
    };
    return { ...(await super.status()), ...lacking };
  }
}

describe('time', () => {
  let cluster: TestCluster;
  let worker: TestWorker;
  let clock: ReturnType<typeof freezingClock>;
  let net: LackingNet;
  before(async () => {
    cluster = await startTestCluster();
    cluster.asks = false;
  });
  after(() => cluster.stop());
  beforeEach(async () => {
    clock = freezingClock();
    net = new LackingNet();
    worker = await startTestWorker(cluster, '/nowhere/docker.sock', net, { beat: BEAT, clock });
    await cluster.up.take(({ leaf }) => leaf === 'information', 'information');
  });
  afterEach(async () => {
    const stopped = worker.stop();
    await stopped;
    removeData(worker);
  });

  const next = (leaf: string) => cluster.up.take(message => message.leaf === leaf, leaf, 5000);
  const leavesSince = (count: number) => cluster.up.all.slice(count).map(({ leaf }) => leaf);

  it('that stood still for 20 s: the worker says at once what it has', async () => {
    clock.advance(BEAT);
    await next('beat');
    clock.freeze(20_000);
    clock.advance(BEAT);
    const presence = (await next('presence')).json();
    assert.deepEqual(presence, { online: true, instances: hashInstances([]), table: 0 });
  });

  it('that stood still and a line that broke: it connects again, and says what it has', async () => {
    clock.freeze(20_000);
    cluster.cut();
    assert.deepEqual((await next('presence')).json(), { online: false });
    // it sees the end of its connection, waits a little and dials
    for (let turn = 0; turn < 100 && !cluster.up.all.at(-1)?.json().online; turn++) {
      clock.advance(200);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    assert.equal((await next('presence')).json().online, true);
  });

  it('that was set an hour forth or back: nothing happens', async () => {
    for (const jump of [3_600_000, -7_200_000]) {
      const seen = cluster.up.all.length;
      clock.jump(jump);
      for (let beats = 0; beats < 3; beats++) {
        clock.advance(BEAT);
        await next('beat');
        await acknowledged(cluster);
      }
      const other = leavesSince(seen).filter(leaf => leaf !== 'beat' && leaf !== 'information');
      assert.deepEqual(other, []);
    }
  });

  it('says what its kernel lacks when it registers, and again when that has changed', async () => {
    const first = cluster.registrations.all.at(-1);
    assert.deepEqual([first?.overlay, first?.problems], [false, net.problems]);
    assert.deepEqual([first?.beat, first?.dead_after], [BEAT, undefined]);
    await cluster.registrations.take(it => it === first, 'registration');
    net.problems = [];
    const again = cluster.registrations.take(it => it.overlay, 'another registration', 5000);
    // a look every 30 s; what it finds takes a turn or two
    const turning = setInterval(() => clock.advance(BEAT), 5);
    const { problems, id } = await again.finally(() => clearInterval(turning));
    assert.deepEqual([problems, id], [[], worker.id]);
  });
});

describe('a worker on a metered link', () => {
  it('says how seldom it beats, and beats as seldom', async () => {
    const cluster = await startTestCluster();
    const clock = manualClock();
    const change = { clock, profile: 'metered' } as const;
    const worker = await startTestWorker(cluster, '/nowhere/docker.sock', null, change);
    const registration = await cluster.registrations.take(() => true, 'registration');
    const { beat, dead_after, back_in } = registration;
    assert.deepEqual([beat, dead_after, back_in], [30_000, 90_000, 75_000]);
    await cluster.up.take(({ leaf }) => leaf === 'sync', 'sync');
    const seen = cluster.up.all.length;
    for (let time = 0; time < 300_000; time += 30_000) {
      clock.advance(30_000);
      const beat = await cluster.up.take(({ leaf }) => leaf === 'beat', 'beat');
      assert.equal(beat.qos, 1, 'each is acknowledged, so that a dead line is seen');
      await acknowledged(cluster);
    }
    const others = cluster.up.all.slice(seen).filter(({ leaf }) => leaf !== 'beat');
    assert.ok(others.length <= 1, `${others.length} reports in five minutes`);
    await worker.stop();
    await cluster.stop();
    removeData(worker);
  });
});
