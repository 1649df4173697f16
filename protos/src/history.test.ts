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

function moves(...statuses: string[]): Move[] {
  return statuses.map(status => ({ ...move(0), status }));
}

function statuses(list: readonly Move[]): string {
  return list.map(({ status }) => status).join(' ');
}

test('what was lost between two moves that are known comes between them when it is told', () => {
  const known = moves('a', 'd', 'x');
  assert.equal(statuses(withMoves(known, moves('a', 'b', 'c', 'd', 'e'))), 'a b c d x e');
});

test('what is known already changes nothing', () => {
  const known = moves('a', 'b');
  assert.equal(withMoves(known, moves('a', 'b')), known);
});

test('what comes twice in one report is kept once', () => {
  assert.equal(statuses(withMoves(moves('a'), moves('b', 'b'))), 'a b');
});

test('the same said by another worker or cluster, or later, is something else', () => {
  const [known] = [{ ...move(0), cluster_id: 'c' }];
  const others = [
    { worker_id: 'w' },
    { cluster_id: 'd' },
    { at: 1 },
    { detail: 'x' },
    { tier: 'cluster' as const },
  ];
  const all = withMoves(
    [known],
    others.map(other => ({ ...known, ...other })),
  );
  assert.equal(all.length, 1 + others.length);
});
