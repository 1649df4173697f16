import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@hedgerow/common/testing';
import { recorder } from '../testing/recorder.ts';
import { withinQuota } from './quota.ts';

const W1 = '111111111111111111111111';
const W2 = '222222222222222222222222';

test('of a worker that floods an outside broker so much is heard as it may say, and all of the others', () => {
  const clock = manualClock();
  const log = recorder();
  const heard = new Map<string, number>();
  const count = (topic: string) => heard.set(topic, (heard.get(topic) ?? 0) + 1);
  const hear = withinQuota(({ topic }) => void count(topic), { clock, log });
  const say = (worker: string, payload = Buffer.from('x')) =>
    hear({ topic: `nodes/${worker}/job`, payload, retained: false });
  for (let second = 0; second < 10; second++) {
    for (let n = 0; n < 5000; n++) say(W1);
    for (let n = 0; n < 400; n++) say(W2);
    clock.advance(1000);
  }
  const [loud, quiet] = [W1, W2].map(worker => heard.get(`nodes/${worker}/job`) ?? 0);
  assert.ok(loud && loud >= 2000 && loud < 7100, `${loud}`);
  assert.equal(quiet, 4000);
  assert.deepEqual(
    log.lines.map(({ fields }) => fields.worker),
    [W1],
  );
  clock.advance(60_000);
  assert.equal(log.lines.length, 2);
  say(W2, Buffer.alloc(9_000_000));
  assert.equal(heard.get(`nodes/${W2}/job`), 4000);
});
