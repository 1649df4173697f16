import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs, parseWeight, weigh } from './process.ts';

const ROLLUP = `55d0-7ffd ---p 00000000 00:00 0 [rollup]
Rss:               81920 kB
Pss:               61440 kB
Pss_Anon:          30720 kB
Shared_Clean:      20480 kB
Private_Clean:      1024 kB
Private_Dirty:     30720 kB
`;

test('weight is in MiB; Pss_Anon is not Pss', () => {
  assert.deepEqual(parseWeight(ROLLUP), { pss: 60, private: 31 });
});

test('this process weighs something, no more than it has private and shared together', async () => {
  const weight = await weigh(process.pid);
  assert.ok(weight.private > 1 && weight.pss >= weight.private, JSON.stringify(weight));
});

test('processor time of this process grows by what it burns', async () => {
  const before = await cpuMs(process.pid);
  const end = performance.now() + 100;
  while (performance.now() < end);
  const burnt = (await cpuMs(process.pid)) - before;
  assert.ok(burnt > 20 && burnt < 1000, `${burnt} ms`);
});
