import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Multiplexed, Terminal } from './logs.ts';

const T1 = '2026-01-02T03:04:05.000000001Z';
const T2 = '2026-01-02T03:04:05.000000002Z';

function frame(source: number, text: string): Buffer {
  const header = Buffer.from([source, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function decode(decoder: Multiplexed | Terminal, pieces: Buffer[]) {
  const lines = pieces.flatMap(piece => [...decoder.take(piece)]);
  return [...lines, ...decoder.end()].map(({ at, text }) => [at, text]);
}

describe('the multiplexed stream', () => {
  const stream = Buffer.concat([
    frame(1, `${T1} one\n`),
    frame(2, `${T1} zwei: ü\n`),
    frame(1, `${T2} three\n`),
  ]);
  const lines = [
    [T1, 'one'],
    [T1, 'zwei: ü'],
    [T2, 'three'],
  ];

  it('gives both sources in the order of their lines', () => {
    assert.deepEqual(decode(new Multiplexed(), [stream]), lines);
  });

  it('gives the same however it is cut', () => {
    for (const size of [1, 3, 7, 40]) {
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, n) =>
        stream.subarray(n * size, (n + 1) * size),
      );
      assert.deepEqual(decode(new Multiplexed(), pieces), lines, `pieces of ${size}`);
    }
  });

  it('joins the records of one long line and leaves out their times', () => {
    const parts = [frame(1, `${T1} aaa`), frame(2, `${T1} err\n`), frame(1, `${T2} bbb\n`)];
    assert.deepEqual(decode(new Multiplexed(), parts), [
      [T1, 'err'],
      [T1, 'aaabbb'],
    ]);
  });

  it('that is none is refused', () => {
    assert.throws(() => [...new Multiplexed().take(Buffer.from('plain text\n'))], /a log record of/);
  });
});

it('a terminal’s stream has the time before each line', () => {
  const pieces = [`${T1} one\r\n${T2} tw`, 'o\r\n', `${T2} > `].map(piece => Buffer.from(piece));
  assert.deepEqual(decode(new Terminal(), pieces), [
    [T1, 'one'],
    [T2, 'two'],
    [T2, '> '],
  ]);
});
