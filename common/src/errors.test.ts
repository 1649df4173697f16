import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineErrors, HedgerowError, isErrorOf, messageOf, sentenceOf } from './errors.ts';

const ERRORS = defineErrors({
  GONE: { http: 404, retryable: false },
  BUSY: { http: 503, retryable: true },
});

test('every row carries its own key as code', () => {
  assert.deepEqual(ERRORS.BUSY, { code: 'BUSY', http: 503, retryable: true });
  assert.equal(new HedgerowError(ERRORS.GONE, 'it left').code, 'GONE');
});

test('an error keeps its cause and its fields', () => {
  const cause = new Error('below');
  const errors = [{ path: 'a.0.b', found: 7, allowed: '0 to 5' }];
  const error = new HedgerowError(ERRORS.GONE, 'it left', { cause, errors });
  assert.equal(error.cause, cause);
  assert.deepEqual(error.errors, errors);
  assert.equal('cause' in new HedgerowError(ERRORS.GONE, 'alone'), false);
});

test('kinds are told apart by code, also between two tables', () => {
  const again = defineErrors({ GONE: { http: 410, retryable: false } });
  const error: unknown = new HedgerowError(again.GONE, 'it left');
  assert.equal(isErrorOf(error, ERRORS.GONE), true);
  assert.equal(isErrorOf(error, ERRORS.BUSY), false);
  assert.equal(isErrorOf(new Error('GONE'), ERRORS.GONE), false);
});

test('a message is found whatever was thrown', () => {
  assert.equal(messageOf(new Error('no')), 'no');
  assert.equal(messageOf('text'), 'text');
  assert.equal(messageOf(undefined), 'undefined');
  assert.equal(messageOf(new RangeError()), 'RangeError');
  const refused = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')];
  assert.equal(
    messageOf(new AggregateError(refused)),
    'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
  );
});

test('a bad field is said with what was found: nothing where it is missing', () => {
  const port = { path: 'a.port', found: null, allowed: 'a port' };
  assert.equal(sentenceOf([port]), 'a.port: found nothing, allowed: a port');
  assert.equal(
    sentenceOf([{ path: '', found: 'x', allowed: 'an object' }, port]),
    'the body: found "x", allowed: an object (and 1 more)',
  );
});
