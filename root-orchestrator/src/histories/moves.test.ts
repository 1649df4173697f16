import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlacedMove } from '../model.ts';
import { merged } from './moves.ts';

function moves(...statuses: string[]): PlacedMove[] {
  return statuses.map(status => ({
    ...{ at: 0, tier: 'worker', detail: '', worker_id: 'w', cluster_id: 'c' },
    status,
  }));
}

function statuses(list: readonly PlacedMove[]): string {
  return list.map(({ status }) => status).join(' ');
}

test('what was lost between two moves that are known comes between them when it is told', () => {
  const known = moves('a', 'd', 'x');
  assert.equal(statuses(merged(known, moves('a', 'b', 'c', 'd', 'e'))), 'a b c d x e');
});

test('what is known already changes nothing', () => {
  const known = moves('a', 'b');
  assert.equal(merged(known, moves('a', 'b')), known);
  assert.equal(merged(known, []), known);
});

test('what comes twice in one report is kept once', () => {
  assert.equal(statuses(merged(moves('a'), moves('b', 'b'))), 'a b');
});
