import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { Jobs } from '../jobs/context.ts';
import type { StoredWorker } from '../model.ts';
import { makeWorker } from '../testing/makers.ts';
import { Workers } from '../workers/workers.ts';
import { syncAsker } from './dispatch.ts';

test('a worker is asked once in a while, and forgotten when it is removed', async () => {
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const workers = new Workers(store.collection<StoredWorker>('workers', []));
  const [clock, told, asked] = [manualClock(), [] as string[], new Map<string, number>()];
  const send: Jobs['downlink']['send'] = async workerId => told.push(workerId) > 0;
  const downlink = { send } as Jobs['downlink'];
  const ask = syncAsker({ workers, clock, downlink }, 3000, asked);
  for (const id of ['a', 'b']) await workers.save(makeWorker({ id }));
  for (const id of ['a', 'a', 'b']) ask(id);
  clock.advance(3000);
  ask('a');
  assert.deepEqual(told, ['a', 'b', 'a']);
  await workers.save(makeWorker({ id: 'a', hostname: 'another' }));
  await workers.remove('b');
  assert.deepEqual([...asked.keys()], ['a']);
  await store.close();
});
