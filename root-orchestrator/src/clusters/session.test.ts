import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { manualClock } from '@hedgerow/common/testing';
import type { FromRoot } from '@hedgerow/protos';
import { type Call, Session } from './session.ts';

/** Who is attached is seen by others before it is welcome, and a cluster hears nothing before its Welcome. */
test('what is sent before the Welcome comes behind it, in order', () => {
  const written: string[] = [];
  const call = Object.assign(new EventEmitter(), {
    getPeer: () => 'test',
    writableLength: 0,
    write(message: FromRoot) {
      written.push(Object.keys(message)[0] ?? '');
      return true;
    },
  });
  const counts = { sent() {}, received() {} };
  const session = new Session({ call: call as unknown as Call, clock: manualClock(), counts, cut() {} });
  assert.equal(session.send({ remove: { service_id: 's', instance_number: 0, request_id: '' } }), true);
  session.send({ log_stop: { stream_id: 'x' } });
  assert.deepEqual(written, []);
  session.send({ welcome: { cluster_id: 'c', epoch: 0, send_list: false, table_known: true } });
  session.send({ log_stop: { stream_id: 'y' } });
  assert.deepEqual(written, ['welcome', 'remove', 'log_stop', 'log_stop']);
});

test('a refusal needs no Welcome', () => {
  const written: FromRoot[] = [];
  const call = Object.assign(new EventEmitter(), {
    getPeer: () => 'test',
    writableLength: 0,
    write: (message: FromRoot) => written.push(message) > 0,
    end() {},
  });
  const counts = { sent() {}, received() {} };
  const session = new Session({ call: call as unknown as Call, clock: manualClock(), counts, cut() {} });
  session.refuse('NOT_LEADING', 'another root leads');
  assert.equal(written[0]?.refused?.code, 'NOT_LEADING');
  assert.equal(session.open, false);
});
