/** A thousand workers, over real connections. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { systemClock } from '@hedgerow/common';
import { startCluster } from '../app.ts';
import { startFleet } from '../testing/fleet.ts';
import { startHandRoot } from '../testing/hand-root.ts';
import { recorder } from '../testing/recorder.ts';
import { Site } from '../testing/site.ts';

const WORKERS = 1000;
/** ms; longer than the silence after which a worker is dead */
const BLOCKED = 6000;

test('a thousand workers join within a minute, and none is taken for dead, not after a pause of the cluster either', async () => {
  const root = await startHandRoot();
  const log = recorder();
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-thousand-'));
  const config = { ...Site.defaults, root: root.address, data, spareSubnets: 4 };
  const cluster = await startCluster(config, { clock: systemClock, log });
  const order = { url: cluster.url, count: WORKERS / 2, beat: 3000 };
  const begun = performance.now();
  const fleets = ['left', 'right'].map(name => startFleet({ ...order, name }));
  const dead = () => log.lines.filter(({ message }) => message === 'worker is dead').length;
  const live = async () => {
    const { workers } = (await (await fetch(`${cluster.url}/api/workers`)).json()) as {
      workers: { state: string }[];
    };
    return workers.filter(({ state }) => state === 'live').length;
  };
  try {
    await Promise.all(fleets.map(fleet => fleet.joined));
    const took = performance.now() - begun;
    assert.ok(took < 60_000, `${took} ms`);
    await pass(500);
    assert.equal(await live(), WORKERS);
    // nothing of this process runs, as when the machine is busy with something else
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED);
    await pass(5500);
    assert.deepEqual([dead(), await live()], [0, WORKERS]);
  } finally {
    for (const fleet of fleets) await fleet.stop();
    await cluster.stop();
    await root.stop();
    await rm(data, { recursive: true });
  }
});
