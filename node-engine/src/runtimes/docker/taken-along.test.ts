import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedWithEngine } from './taken-along.ts';

/** s after the Engine's start: began, ended */
const CASES: [string, number, number, boolean][] = [
  ['ended as the Engine went down', -600, -10, true],
  ['outlived a killed Engine, and ended as the next one came', -600, 5, true],
  ['ended by itself long before', -600, -31, false],
  ['ended by itself long after, beside an Engine that keeps what runs', -600, 31, false],
  ['began and ended under this Engine', 1, 5, false],
];

for (const [name, began, ended, expected] of CASES)
  test(`one that ${name}: ${expected ? 'taken along' : 'its own end'}`, () => {
    const engine = Date.parse('2026-01-01T12:00:00Z');
    const at = (seconds: number) => new Date(engine + seconds * 1000).toISOString();
    const times = { StartedAt: at(began), FinishedAt: at(ended) };
    assert.equal(endedWithEngine(times, engine), expected);
    assert.equal(endedWithEngine(times, undefined), false, 'not known when the Engine started');
  });

test('times that cannot be read tell nothing', () => {
  assert.equal(endedWithEngine({ StartedAt: '', FinishedAt: '' }, 0), false);
});
