import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from './table.ts';

const COLUMNS = [
  { title: 'NAME', of: (row: { name: string; count: number }) => row.name },
  { title: 'COUNT', of: (row: { name: string; count: number }) => row.count },
];

test('columns are as wide as their widest cell, numbers stand to the right', () => {
  const rows = [
    { name: 'a', count: 5 },
    { name: 'a long one', count: 1000 },
  ];
  assert.equal(formatTable(rows, COLUMNS), 'NAME        COUNT\na               5\na long one   1000\n');
});

test('no rows give the headings alone', () => {
  assert.equal(formatTable([], COLUMNS), 'NAME  COUNT\n');
});

test('an empty cell is a dash, a control character is shown instead of sent to the terminal', () => {
  const text = formatTable(
    [
      { name: '', count: 0 },
      { name: 'x\u001b[31m', count: 1 },
    ],
    COLUMNS,
  );
  assert.match(text, /^-\s+0$/m);
  assert.match(text, /x\\u001b\[31m/);
});
