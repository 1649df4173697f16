import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONFIG_ERRORS, HedgerowError } from '@hedgerow/common';
import { describe, ERRORS, exitCodeOf } from './errors.ts';

const ofApi = (http: number) => new HedgerowError({ code: 'ANY', http, retryable: false }, 'no');

test('exit codes tell what happened', () => {
  const cases: [unknown, number][] = [
    [new Error('any'), 1],
    [ofApi(500), 1],
    [new HedgerowError(ERRORS.USAGE, 'no'), 2],
    [new HedgerowError(CONFIG_ERRORS.BAD_CONFIG, 'no'), 2],
    [new HedgerowError(ERRORS.FILE_UNREADABLE, 'no'), 2],
    [ofApi(401), 3],
    [ofApi(404), 4],
    [ofApi(403), 5],
    [ofApi(409), 5],
    [ofApi(422), 5],
    [new HedgerowError(ERRORS.NAME_AMBIGUOUS, 'no'), 5],
    [new HedgerowError(ERRORS.UNREACHABLE, 'no'), 6],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOf(error), code, String(error));
});

test('refused fields are named one by one', () => {
  const errors = [{ path: 'applications.0.microservices.1.port', found: '80:', allowed: 'host[:container]' }];
  const error = new HedgerowError(ERRORS.USAGE, 'the SLA is not valid', { errors });
  assert.equal(
    describe(error),
    'the SLA is not valid\n  applications.0.microservices.1.port: found "80:"; allowed: host[:container]',
  );
});
