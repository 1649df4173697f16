import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { Lifecycle } from '@hedgerow/common';
import { createNetns, createSite, inhabit } from './netns.ts';
import { parseBusySeconds } from './stream.ts';
import { countWire, parseCounters } from './wire-counter.ts';

test('busy time leaves out idle, waiting for disks and what the hypervisor took', () => {
  assert.equal(parseBusySeconds('cpu  100 20 30 99999 888 4 6 777 0 0\ncpu0 1 2 3\n'), 1.6);
});

test('counters are found by name; a missing one is not a zero', () => {
  const counter = (name: string, bytes: number) => ({ counter: { name, packets: 1, bytes } });
  const json = JSON.stringify({ nftables: [{ metainfo: {} }, counter('out', 5), counter('in', 7)] });
  assert.deepEqual(parseCounters(json), { inBytes: 7, outBytes: 5, packets: 2 });
  assert.ok(Number.isNaN(parseCounters('{"nftables":[]}').inBytes));
});

test('a ping of 100 bytes is counted once each way, its head included', async () => {
  const life = new Lifecycle();
  try {
    const [left, right] = (await createSite(life, 'w')).workers;
    const counter = await countWire(life, left.netns.path, left.device);
    const before = await counter.read();
    await left.netns.run('busybox', 'ping', '-c', '1', '-s', '100', right.address);
    const after = await counter.read();
    assert.equal(after.outBytes - before.outBytes, 128);
    assert.equal(after.inBytes - before.inBytes, 128);
  } finally {
    await life.stop();
  }
});

test('an inhabitant is inside when its id is told', async () => {
  const life = new Lifecycle();
  try {
    const netns = await createNetns(life, 'home');
    const pid = await inhabit(life, netns);
    assert.equal((await stat(`/proc/${pid}/ns/net`)).ino, (await stat(netns.path)).ino);
  } finally {
    await life.stop();
  }
});

test('namespaces go with their lifecycle', async () => {
  const life = new Lifecycle();
  const netns = await createNetns(life, 'gone');
  await life.stop();
  await assert.rejects(netns.run('true'));
});
