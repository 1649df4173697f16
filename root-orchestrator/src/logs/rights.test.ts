/** Who reads an output may read it for as long as he might ask for it anew. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { OutputSink } from '../ports.ts';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';

let root: TestRoot;
let clock: ManualClock;
let admin: string;
let sink: OutputSink | undefined;
let closed: number;
/** all that Ada reads, when it has ended */
let output: Promise<string>;

beforeEach(async () => {
  clock = manualClock(Date.now());
  closed = 0;
  root = await startTestRoot({
    clock,
    outputs: {
      open(_instance, _wish, reader) {
        sink = reader;
        return () => {
          closed += 1;
        };
      },
    },
  });
  admin = await root.login();
  const ada = await root.addUser('ada');
  const made = await root.call('POST', '/api/application', sla('shop', microservice('web')), ada);
  const service = `/api/service/${made.body[0].microservices[0]}`;
  await root.call('POST', `${service}/instance`, undefined, ada);
  output = reading(`${service}/instance/0/logs?follow`, ada);
  while (!sink) await new Promise(setImmediate);
  sink.lines(['first'], 0);
});
afterEach(() => {
  sink = undefined;
  return root.stop();
});

function reading(path: string, token: string): Promise<string> {
  const headers = { Authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    request(root.url + path, { headers, agent: false }, answer => resolve(text(answer)))
      .once('error', reject)
      .end();
  });
}

async function pass(seconds: number): Promise<void> {
  for (let turn = 0; turn < seconds / 15; turn += 1) {
    clock.advance(15_000);
    for (let wait = 0; wait < 5; wait += 1) await new Promise(setImmediate);
  }
}

for (const [what, method, path, body, why] of [
  ['is deleted', 'DELETE', '/api/user/ada', undefined, /does not exist any more/],
  ['loses a role', 'PUT', '/api/user/ada', { roles: [] }, /your roles have changed/],
  ['gets another password', 'PUT', '/api/user/ada', { password: 'another one' }, /password was changed/],
] as const)
  test(`a user who ${what} reads no more`, async () => {
    if (method === 'DELETE') {
      const [application] = await root.collections.applications.find();
      assert.ok(application);
      await root.call('DELETE', `/api/application/${application.id}`, undefined, admin);
    }
    assert.equal((await root.call(method, path, body, admin)).status, 200);
    await pass(15);
    assert.match(await output, new RegExp(`^first\n… ended: the token .*${why.source}`));
    assert.ok(closed > 0, 'nothing more is asked of the cluster');
  });

test('the lines go on when only the token has expired', async () => {
  await pass(3600);
  sink?.lines(['last'], 0);
  sink?.end('');
  assert.equal(await output, 'first\nlast\n');
});
