import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DOWN } from '@hedgerow/protos';
import { Site } from '../testing/site.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

describe('Place', () => {
  test('is accepted, stored, answered, and sent to the worker after the table', async () => {
    const worker = await site.worker();
    const answer = await site.place();
    assert.deepEqual([answer.accepted, answer.worker_id, answer.status], [true, worker.id, 'NODE_SCHEDULED']);
    const order = await worker.deploy();
    assert.equal(order._id, order.service_id);
    assert.deepEqual([order.instance_number, order.generation, order.epoch], [0, 1, 1]);
    const leaves = worker.inbox.all.map(message => message.leaf);
    assert.deepEqual(leaves, [DOWN.table, DOWN.table, DOWN.deploy]);
    const { entries } = JSON.parse(worker.inbox.all[1]?.text ?? '');
    assert.deepEqual(
      entries.map((entry: { service_ip: string; instances: unknown[] }) => [
        entry.service_ip,
        entry.instances,
      ]),
      [['10.30.30.30', []]],
    );
    await site.root.report('NODE_SCHEDULED');
    await worker.say(order, 'RUNNING', '10.18.0.2');
    const report = await site.root.report('RUNNING');
    assert.deepEqual(
      [report.worker_id, report.namespace_ip, report.host_ip, report.host_port, report.worker_subnet],
      [worker.id, '10.18.0.2', '192.0.2.1', 50103, '10.18.0.0'],
    );
  });
});
