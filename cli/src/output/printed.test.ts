import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printed } from './printed.ts';

const cases: [string, string, string][] = [
  ['text and tabs stay', 'a\tb ü 漢', 'a\tb ü 漢'],
  ['colours stay, and end with the line', '\u001b[1;31mred', '\u001b[1;31mred\u001b[0m'],
  ['other sequences are shown', '\u001b[2Jx\u001b]0;title\u0007', '\\x1b[2Jx\\x1b]0;title\\x07'],
  ['so are bare control characters', 'a\rb\u0000\u009b\u0007[1m', 'a\\x0db\\x00\\x9b\\x07[1m'],
];
for (const [name, line, shown] of cases) test(name, () => assert.equal(printed(line), shown));
