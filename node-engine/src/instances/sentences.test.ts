import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ending, next, oneLine, withoutValues } from './sentences.ts';

it('says how a program ended', () => {
  assert.equal(ending({ exitCode: 3, outOfMemory: false }, 0), 'exited with code 3');
  assert.equal(ending({ exitCode: 143, outOfMemory: false }, 0), 'was ended by SIGTERM (code 143)');
  assert.equal(ending({ exitCode: 137, outOfMemory: true }, 64), 'ran out of memory (limit 64 MiB)');
  assert.equal(ending({ exitCode: 137, outOfMemory: true }, 0), 'ran out of memory');
});

it('says when the next try is, for people and for clocks, and how many there were', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0, 1);
  assert.equal(next('restart', { delay: 0, now, tries: 1, most: null }), 'restart at once');
  assert.equal(
    next('restart', { delay: 1999.5, now, tries: 2, most: null }),
    'restart in 2 s, at 2026-01-01T12:00:02Z, after 2 tries',
  );
  assert.equal(
    next('retry', { delay: 300_000, now, tries: 12, most: 20 }),
    'retry in 5 min, at 2026-01-01T12:05:00Z, after 12 of 20 tries',
  );
});

it('puts what a program printed on one line', () => {
  assert.equal(oneLine('no\n  such\tthing\n'), 'no such thing');
});

it('leaves nothing of values in it, those of several lines and those that hold another among them', () => {
  const environment = ['SHORT=pass', 'LONG=password-123', 'KEY=first line\nsecond  line', 'PORT=80'];
  assert.equal(
    withoutValues('pass, password-123 or first line second line on 80', environment),
    '…, … or … on 80',
  );
});
