import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureOf, meets, rounded } from './figure.ts';
import { formatFigures, formatTable } from './report.ts';

const measured = { figure: 'deploy ratio', value: 1.2345, unit: '×', method: '20 pairs' };

test('a figure is judged in the direction of its goal, at the goal included', () => {
  assert.equal(meets(1.3, 1.3, 'lower'), true);
  assert.equal(meets(1.31, 1.3, 'lower'), false);
  assert.equal(meets(0.85, 0.85, 'higher'), true);
  assert.equal(meets(0.84, 0.85, 'higher'), false);
  assert.equal(meets(1, null, 'higher'), null);
  assert.equal(meets(Number.NaN, 1, 'lower'), false);
});

test('values are kept to three digits, whole above 1000', () => {
  assert.deepEqual([1.2345, 0.00012345, 12376.4, 151.26, 0].map(rounded), [1.23, 0.000123, 12376, 151, 0]);
});

test('a figure has every key of the contract', () => {
  assert.deepEqual(figureOf('deploy', { ...measured, goal: 1.3, against: 'raw Docker' }), {
    bench: 'deploy',
    figure: 'deploy ratio',
    value: 1.23,
    unit: '×',
    against: 'raw Docker',
    goal: 1.3,
    better: 'lower',
    ok: true,
    method: '20 pairs',
  });
  assert.deepEqual(Object.keys(figureOf('deploy', measured)).sort(), [
    'against',
    'bench',
    'better',
    'figure',
    'goal',
    'method',
    'ok',
    'unit',
    'value',
  ]);
});

test('the table names value, goal and verdict, and each method once', () => {
  const text = formatFigures([
    figureOf('deploy', { ...measured, goal: 1.3 }),
    figureOf('deploy', { ...measured, goal: 1.1, figure: 'tight' }),
    figureOf('deploy', { ...measured, figure: 'free' }),
  ]);
  assert.match(text, /^deploy\n/);
  assert.match(text, /deploy ratio +1\.23 × +≤ 1\.3 +ok/);
  assert.match(text, /tight +1\.23 × +≤ 1\.1 +MISSED/);
  assert.match(text, /free +1\.23 × +– +–/);
  assert.equal(text.split('20 pairs').length, 2);
});

test('columns line up', () => {
  assert.equal(
    formatTable([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
    'a    bb\nccc  d\n',
  );
});
