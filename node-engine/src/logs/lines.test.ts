import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LINE_BYTES } from '@hedgerow/protos';
import { Lines } from './lines.ts';

function cut(...pieces: (string | Buffer)[]): string[] {
  const lines = new Lines();
  const found = pieces.flatMap((piece, n) => [...lines.add(Buffer.from(piece), `t${n}`)]);
  return [...found, ...lines.end()].map(({ at, text }) => `${at} ${text}`);
}

describe('what a program prints is cut into lines', () => {
  const cases: [string, (string | Buffer)[], string[]][] = [
    ['several in one piece', ['a\nb\n\nc\n'], ['t0 a', 't0 b', 't0 ', 't0 c']],
    ['one in several pieces has the time of its first', ['a', 'b', 'c\nd\n'], ['t0 abc', 't2 d']],
    ['what has no end is a line when the stream ends', ['a\nprompt: '], ['t0 a', 't0 prompt: ']],
    ['nothing', [''], []],
    ['the ends of a terminal', ['a\r\nb\r\n'], ['t0 a', 't0 b']],
    [
      'a character in two pieces',
      [Buffer.from('ü\n').subarray(0, 1), Buffer.from('ü\n').subarray(1)],
      ['t0 ü'],
    ],
    ['bytes that are no text', [Buffer.from([0x61, 0xff, 0xc3, 0x28, 0x0a])], ['t0 a\ufffd\ufffd(']],
    ['control characters', ['a\0b\x07c\x9b\td\x1b[31me\n'], ['t0 a\ufffdb\ufffdc\ufffd\td\x1b[31me']],
  ];
  for (const [name, pieces, lines] of cases) it(name, () => assert.deepEqual(cut(...pieces), lines));
});

describe('a line beyond the limit', () => {
  it('is cut and says by how much; the next one is whole', () => {
    const [long, next] = cut('x'.repeat(LINE_BYTES), 'y'.repeat(100), '\nnext\n');
    assert.equal(long, `t0 ${'x'.repeat(LINE_BYTES)} … (100 bytes more)`);
    assert.equal(next, 't2 next');
  });

  it('is whole at the limit, and not cut within a character', () => {
    assert.equal(cut(`${'x'.repeat(LINE_BYTES)}\n`)[0], `t0 ${'x'.repeat(LINE_BYTES)}`);
    assert.equal(
      cut(`${'x'.repeat(LINE_BYTES - 1)}ü\n`)[0],
      `t0 ${'x'.repeat(LINE_BYTES - 1)} … (2 bytes more)`,
    );
  });

  it('does not keep what is beyond', () => {
    const lines = new Lines();
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let n = 0; n < 100; n++) assert.equal([...lines.add(piece, '')].length, 0);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
  });
});
