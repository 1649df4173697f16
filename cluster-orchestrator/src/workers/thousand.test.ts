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
/**
 * Half of them say that they beat every second, do it every three, and answer no probe: at any time most of these are
 * suspect, and for some the verdict is due just before a pause ends, with their beats waiting to be read.
 */
const DUBIOUS = { offer: { beat: 1000, dead_after: 5000 }, deaf: true };
/** ms; the first is a little shorter than the silence after which a worker is dead, the second longer */
const PAUSES = [4000, 5500];

test('a thousand workers join within a minute, and none is taken for dead, not after a pause of the cluster either', async () => {
  const root = await startHandRoot();
  const log = recorder();
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-thousand-'));
  const config = { ...Site.defaults, root: root.address, data, spareSubnets: 4 };
  const cluster = await startCluster(config, { clock: systemClock, log });
  const order = { url: cluster.url, count: WORKERS / 2, beat: 3000 };
  const begun = performance.now();
  const fleets = [
    startFleet({ ...order, name: 'left' }),
    startFleet({ ...order, ...DUBIOUS, name: 'right' }),
  ];
  const dead = () => log.lines.filter(({ message }) => message === 'worker is dead').length;
  const there = async () => {
    const { workers } = (await (await fetch(`${cluster.url}/api/workers`)).json()) as {
      workers: { state: string }[];
    };
    return workers.filter(({ state }) => state === 'live' || state === 'suspect').length;
  };
  try {
    await Promise.all(fleets.map(fleet => fleet.joined));
    const took = performance.now() - begun;
    assert.ok(took < 60_000, `${took} ms`);
    for (const ms of PAUSES) {
      await pass(500);
      assert.deepEqual([dead(), await there()], [0, WORKERS]);
      // nothing of this process runs, as when the machine is busy with something else
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    }
    await pass(5200);
    assert.deepEqual([dead(), await there()], [0, WORKERS]);
  } finally {
    for (const fleet of fleets) await fleet.stop();
    await cluster.stop();
    await root.stop();
    await rm(data, { recursive: true });
  }
});
