import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  type DeployPayload,
  DOWN,
  type LogChunk,
  type LogRequest,
  type LogsPayload,
  UP,
} from '@hedgerow/protos';
import type { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
let worker: HandWorker;
let order: DeployPayload;

const REQUEST: LogRequest = {
  stream_id: 's',
  service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa',
  instance_number: 0,
  follow: true,
  tail: 10,
  request_id: 'r',
  again: false,
};

beforeEach(async () => {
  site = await Site.start();
  worker = await site.worker();
  await site.place();
  order = await worker.run();
});
afterEach(() => site.stop());

const ask = (fields: Partial<LogRequest> = {}) => site.root.send({ log_request: { ...REQUEST, ...fields } });
const asked = (who = worker) => who.next<LogsPayload>(DOWN.logs);
const say = (fields: Partial<LogChunk> = {}, who = worker) =>
  who.publish(UP.logs, { stream_id: 's', lines: [], lost: 0, end: false, error: '', ...fields });
const heard = () => site.root.next('log_chunk');

describe('a request of the root', () => {
  test('goes to the worker that has the instance, and its lines to the root', async () => {
    ask();
    assert.deepEqual(await asked(), { ...REQUEST, stop: false });
    await say({ lines: ['one', 'zwei: ü'], lost: 3 });
    assert.deepEqual(await heard(), {
      stream_id: 's',
      lines: ['one', 'zwei: ü'],
      lost: 3,
      end: false,
      error: '',
    });
  });

  test('that comes again is passed on as a repetition', async () => {
    ask();
    await asked();
    ask({ again: true });
    assert.deepEqual(await asked(), { ...REQUEST, again: true, stop: false });
  });

  test('that the worker did not get, and so has not answered, is passed on as it was', async () => {
    ask();
    await asked();
    ask();
    assert.deepEqual(await asked(), { ...REQUEST, stop: false });
  });

  test('that is not repeated for 30 s is stopped at the worker', async () => {
    ask();
    await asked();
    await keepAlive(20_000);
    ask({ again: true });
    await asked();
    await keepAlive(29_000);
    assert.equal(worker.waiting(DOWN.logs), 0);
    await keepAlive(1000);
    assert.equal((await asked()).stop, true);
  });

  test('ends when the root says so, and with the link', async () => {
    ask();
    await asked();
    site.root.send({ log_stop: { stream_id: 's' } });
    assert.equal((await asked()).stop, true);
    ask({ stream_id: 't' });
    await asked();
    site.root.cut();
    assert.deepEqual([(await asked()).stop], [true]);
  });

  test('for what is not here ends at once', async () => {
    ask({ instance_number: 9 });
    const { end, error } = await heard();
    assert.deepEqual([end, error], [true, '']);
  });

  test('for an instance that waits for a worker is open', async () => {
    await worker.drop();
    await until('its instance waits', () => {
      site.clock.advance(1000);
      const reports = site.root.inbox.all.flatMap(message => message.reports?.reports ?? []);
      return reports.some(({ status }) => status.startsWith('NO_'));
    });
    ask();
    assert.equal((await heard()).end, false);
    assert.equal(worker.waiting(DOWN.logs), 0);
  });

  test('for a worker that has not come back ends with the reason', async () => {
    await worker.drop();
    await site.cluster.stop();
    await site.startCluster();
    ask();
    const { end, error } = await heard();
    assert.deepEqual([end, error], [true, 'worker worker1 is out of reach']);
  });

  test('beyond the most that there may be is refused', async () => {
    for (let n = 0; n < 64; n++) ask({ stream_id: `s${n}` });
    ask({ stream_id: 'more' });
    const chunk = await heard();
    assert.equal(chunk.stream_id, 'more');
    assert.match(chunk.error, /64 outputs already/);
  });
});

describe('chunks', () => {
  test('of another worker are not heard', async () => {
    const other = await site.worker({ host: 'worker2' });
    ask();
    await asked();
    await say({ lines: ['forged'] }, other);
    await say({ lines: ['true'] });
    assert.deepEqual((await heard()).lines, ['true']);
  });

  test('that make no sense cost nothing', async () => {
    ask();
    await asked();
    await worker.publish(UP.logs, '{');
    await worker.publish(UP.logs, { stream_id: 's', lines: 'no list' });
    await worker.publish(UP.logs, { stream_id: 's', lines: ['x'.repeat(200_000)] });
    await say({ lines: ['fine'] });
    assert.deepEqual((await heard()).lines, ['fine']);
  });
});

describe('a stream that is followed', () => {
  test('ends when the worker says so after the instance was removed', async () => {
    ask();
    await asked();
    const { service_id, instance_number } = order;
    site.root.send({ remove: { service_id, instance_number, request_id: '' } });
    await worker.remove();
    await site.root.report('UNDEPLOYED');
    await say({ lines: ['goodbye'], end: true });
    const { lines, end, error } = await heard();
    assert.deepEqual([lines, end, error], [['goodbye'], true, '']);
  });

  test('goes on when the worker has lost what it should run', async () => {
    ask();
    await asked();
    await say({ end: true });
    assert.equal((await heard()).end, false);
    ask({ again: true });
    assert.deepEqual(await asked(), { ...REQUEST, again: true, stop: false });
  });

  test('goes on with a new process of the worker', async () => {
    ask();
    await asked();
    await worker.sync();
    assert.equal((await asked()).again, false, 'it has not answered yet');
    await say();
    await heard();
    await worker.sync();
    assert.equal((await asked()).again, true);
  });

  test('goes on at another worker, from the first line, when that one has the order', async () => {
    ask();
    await asked();
    const second = await site.worker({ host: 'worker2' });
    await worker.drop();
    for (let n = 0; n < 8; n++) {
      site.clock.advance(1000);
      await second.beat();
    }
    const moved = await second.deploy();
    assert.equal(second.waiting(DOWN.logs), 0);
    await second.say(moved, 'CREATING');
    assert.deepEqual(await asked(second), { ...REQUEST, tail: 10_000, stop: false });
    await say({ lines: ['begin'] }, second);
    for (let chunk = await heard(); ; chunk = await heard()) {
      if (chunk.lines[0] === 'begin') break;
      assert.deepEqual(chunk.lines, []);
    }
  });
});

/** The worker stays alive meanwhile. */
async function keepAlive(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    site.clock.advance(Math.min(left, 1000));
    await worker.beat();
  }
}
