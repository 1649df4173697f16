import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import { unlessSuperseded } from './superseded.ts';

test('work that is not wanted any more is not waited for, and its failure is nobody’s crash', async () => {
  const ended = new AbortController();
  ended.abort();
  const work = Promise.withResolvers<never>();
  await assert.rejects(unlessSuperseded(work.promise, ended.signal), error =>
    isErrorOf(error, ERRORS.SUPERSEDED),
  );
  // an unhandled rejection would fail this test
  work.reject(new Error('too late'));
  await setImmediate();
});
