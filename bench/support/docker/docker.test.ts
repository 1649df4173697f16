import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { unframe } from './engine.ts';
import { parseStart, SLEEPER } from './program.ts';

function frame(text: string): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

test('frames of a container log are joined, an unfinished head is left out', () => {
  assert.equal(unframe(Buffer.concat([frame('a\n'), frame('bc\n'), Buffer.from([1, 0])])), 'a\nbc\n');
  assert.equal(unframe(Buffer.alloc(0)), '');
});

test('a program that has not spoken has no start', () => {
  assert.equal(parseStart(''), null);
  assert.equal(parseStart('starting'), null);
});

test('the start is in ms and says whether there was a default route', () => {
  assert.deepEqual(parseStart('started 1795259476.802749 \n'), {
    at: 1795259476802.749,
    networkReady: false,
  });
  assert.deepEqual(parseStart('started 1795259476.802749 routed\n'), {
    at: 1795259476802.749,
    networkReady: true,
  });
});

test('the program itself prints what is parsed', () => {
  const script = (SLEEPER[2] as string).replace('exec sleep 3600', 'exit 0');
  const output = execFileSync('/bin/busybox', ['sh', '-c', script]).toString();
  const start = parseStart(output);
  assert.ok(start && Math.abs(start.at - Date.now()) < 5000, output);
});
