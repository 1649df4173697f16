import assert from 'node:assert/strict';
import { it } from 'node:test';
import { demultiplex } from './logs.ts';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

it('joins both streams in the order of their lines', () => {
  const stream = Buffer.concat([frame(1, 'one\n'), frame(2, 'zwei: ü\n'), frame(1, 'three\n')]);
  assert.equal(demultiplex(stream), 'one\nzwei: ü\nthree');
});

it('keeps the end of a long log, and stands a cut frame', () => {
  const long = demultiplex(frame(1, `${'x'.repeat(9000)}end\n`));
  assert.equal(long.length, 4096);
  assert.ok(long.endsWith('end'));
  assert.equal(demultiplex(frame(1, 'whole').subarray(0, 10)), 'wh');
  assert.equal(demultiplex(Buffer.alloc(0)), '');
});
