import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_MOVES, type Move, withMoves } from './history.ts';

const move = (at: number): Move => ({ at, tier: 'worker', status: 'RUNNING', detail: '', worker_id: '' });

test('the last moves are kept, in their order', () => {
  const old = Array.from({ length: MOST_MOVES }, (_, at) => move(at));
  const all = withMoves(old, [move(100), move(101)]);
  assert.equal(all.length, MOST_MOVES);
  assert.deepEqual([all[0]?.at, all.at(-1)?.at], [2, 101]);
});

test('nothing more is the same array', () => {
  const old = [move(1)];
  assert.equal(withMoves(old, []), old);
});
