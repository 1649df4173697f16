import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ending, next, oneLine } from './sentences.ts';

it('says how a program ended', () => {
  assert.equal(ending({ exitCode: 3, outOfMemory: false }, 0), 'exited with code 3');
  assert.equal(ending({ exitCode: 143, outOfMemory: false }, 0), 'was ended by SIGTERM (code 143)');
  assert.equal(ending({ exitCode: 137, outOfMemory: true }, 64), 'ran out of memory (limit 64 MiB)');
  assert.equal(ending({ exitCode: 137, outOfMemory: true }, 0), 'ran out of memory');
});

it('says when the next try is', () => {
  assert.equal(next('restart', 0), 'restart at once');
  assert.equal(next('restart', 1999.5), 'restart in 2 s');
  assert.equal(next('retry', 300_000), 'retry in 5 min');
});

it('puts what a program printed on one line', () => {
  assert.equal(oneLine('no\n  such\tthing\n'), 'no such thing');
});
