import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { turn } from '../testing/wait.ts';
import { Disk, WRITE_AGAIN } from './disk.ts';

test('a probe that fails after the end is the last one', async () => {
  const clock = manualClock();
  const probes: ((error: Error) => void)[] = [];
  const probe = () => new Promise((_, reject) => void probes.push(reject));
  const disk = new Disk({ clock, log: silentLogger, probe });
  disk.failed(new Error('full'));
  clock.advance(WRITE_AGAIN);
  disk.stop();
  probes[0]?.(new Error('closed'));
  await turn();
  clock.advance(WRITE_AGAIN);
  assert.equal(probes.length, 1);
});
