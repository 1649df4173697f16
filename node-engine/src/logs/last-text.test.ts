import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lastText } from './last-text.ts';

function printing(...texts: string[]) {
  return {
    async *logs() {
      for (const text of texts) yield { at: '', text };
    },
  };
}

it('is the last lines, joined', async () => {
  assert.equal(await lastText(printing('one', 'two', ''), 'c', 20), 'one\ntwo');
  assert.equal(await lastText(printing(), 'c', 20), '');
});

it('is the end of what is too long', async () => {
  const text = await lastText(printing('y'.repeat(6000), `${'x'.repeat(9000)}end`), 'c', 20);
  assert.equal(text.length, 4096);
  assert.ok(text.endsWith('xend'));
});
