import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from './exec.ts';
import { cpuMs, parseEndedChildrenMs, parseWeight, tree, weigh } from './process.ts';

const ROLLUP = `55d0-7ffd ---p 00000000 00:00 0 [rollup]
Rss:               81920 kB
Pss:               61440 kB
Pss_Anon:          30720 kB
Shared_Clean:      20480 kB
Private_Clean:      1024 kB
Private_Dirty:     30720 kB
Anonymous:         31744 kB
`;

test('weight is in MiB; Pss_Anon is not Pss', () => {
  assert.deepEqual(parseWeight(ROLLUP), { pss: 60, anonymous: 31 });
});

test('this process weighs something, its heaps are part of it', async () => {
  const weight = await weigh(process.pid);
  assert.ok(weight.anonymous > 1 && weight.pss >= weight.anonymous, JSON.stringify(weight));
});

test('processor time of this process grows by what it burns', async () => {
  const before = await cpuMs(process.pid);
  const end = performance.now() + 100;
  while (performance.now() < end);
  const burnt = (await cpuMs(process.pid)) - before;
  assert.ok(burnt > 20 && burnt < 1000, `${burnt} ms`);
});

test('time of ended children is read behind a name with brackets and blanks', () => {
  const stat = '42 (a b) c) S 1 42 42 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1';
  assert.equal(parseEndedChildrenMs(stat), 770);
});

test('a tree holds the process and its children', async () => {
  const child = start(['sleep', '30']);
  try {
    assert.ok((await tree(process.pid)).includes(child.pid));
    assert.deepEqual(await tree(child.pid), [child.pid]);
  } finally {
    await child.stop();
  }
});
