import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorOf } from '@hedgerow/common';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Client } from './client.ts';
import { untilRunning } from './instances.ts';

/** A root whose service is so, and of which nothing more is ever heard. */
function silentRoot(...statuses: string[]): Client {
  const instance_list = statuses.map(
    (status, instance_number) =>
      ({ status, instance_number, status_detail: 'exit code 3\nlast words' }) as ApiInstance,
  );
  return {
    service: async () =>
      ({ microserviceID: 's', job_name: 'a.b.c.d', instance_list }) as unknown as ApiService,
    async *events(_filter: unknown, signal: AbortSignal) {
      yield { type: 'open' };
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    },
  } as unknown as Client;
}

test('nobody waits for what is never started again, and is told why it is so', async () => {
  await assert.rejects(untilRunning(silentRoot('DEAD', 'RUNNING'), ['s'], { timeoutMs: 60_000 }), error => {
    assert.ok(isErrorOf(error, ERRORS.START_FAILED));
    assert.match(error.message, /a\.b\.c\.d\/0 is DEAD: exit code 3 …$/);
    return true;
  });
});

test('what failed is tried again, so it is waited for', async () => {
  await assert.rejects(untilRunning(silentRoot('FAILED', 'DEAD'), ['s'], { timeoutMs: 20 }), error =>
    isErrorOf(error, ERRORS.TIMEOUT),
  );
});
