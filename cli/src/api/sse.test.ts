import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Block, parseBlocks } from './sse.ts';

const TEXT =
  'id: b-1\n\n:\nid: b-2\n\nid: b-3\nevent: instance\ndata: {"status_detail":"größer: 1"}\n\nid: b-4\n';

async function* pieces(size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(TEXT);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

test('blocks are found wherever the text is cut; what is not whole is left out', async () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const blocks: Block[] = [];
    for await (const block of parseBlocks(pieces(size))) blocks.push(block);
    assert.deepEqual(blocks, [
      { id: 'b-1', event: 'message', data: '' },
      { id: 'b-2', event: 'message', data: '' },
      { id: 'b-3', event: 'instance', data: '{"status_detail":"größer: 1"}' },
    ]);
  }
});
