import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments } from './arguments.ts';

const KNOWN = ['deploy', 'idle'];

test('without names everything is measured', () => {
  assert.deepEqual(readArguments([], KNOWN), {
    names: KNOWN,
    json: null,
    rounds: null,
    logs: null,
    list: false,
    help: false,
  });
});

test('names keep their order and count once', () => {
  assert.deepEqual(readArguments(['idle', 'deploy', 'idle'], KNOWN).names, ['idle', 'deploy']);
});

test('flags may stand among the names', () => {
  const read = readArguments(['deploy', '--json', 'out.json', '--rounds', '3'], KNOWN);
  assert.deepEqual([read.json, read.rounds, read.names], ['out.json', 3, ['deploy']]);
});

for (const [argv, message] of [
  [['speed'], /no bench is called speed; there are: deploy, idle/],
  [['--rounds', '0'], /--rounds is 0; allowed/],
  [['--rounds', 'many'], /--rounds is many; allowed/],
  [['--jsn', 'x'], /--jsn/],
] as const) {
  test(`refused: ${argv.join(' ')}`, () => {
    assert.throws(() => readArguments(argv, KNOWN), message);
  });
}
