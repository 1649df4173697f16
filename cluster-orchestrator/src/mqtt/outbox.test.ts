import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { MqttClient } from 'mqtt';
import { turn } from '../testing/wait.ts';
import { Outbox } from './outbox.ts';

let clock: ManualClock;
let answers: PromiseWithResolvers<undefined>[];
let outbox: Outbox;

beforeEach(() => {
  clock = manualClock();
  answers = [];
  const publishAsync = () => {
    const answer = Promise.withResolvers<undefined>();
    answers.push(answer);
    return answer.promise;
  };
  outbox = new Outbox({ publishAsync } as unknown as MqttClient, clock, 2);
});

const publish = () => outbox.publish('topic', Buffer.from('x'), 1);

test('a broker that takes nothing keeps nobody waiting for ever', async () => {
  const published = publish();
  clock.advance(30_000);
  await assert.rejects(published, { code: 'BROKER_FAILED', message: /did not take a message in 30 s/ });
});

test('so many messages wait, and no more, until one is taken', async () => {
  const [first, second] = [publish(), publish()];
  await assert.rejects(publish(), { code: 'BROKER_FAILED', message: /2 messages wait/ });
  answers[0]?.resolve(undefined);
  await first;
  await turn();
  const third = publish();
  answers[1]?.reject(new Error('closed'));
  await assert.rejects(second, { code: 'BROKER_FAILED', message: 'closed' });
  answers[2]?.resolve(undefined);
  await third;
});
