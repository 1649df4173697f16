import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOWN, nodeTopic, parseNodeTopic, UP } from './topics.ts';

const worker = '0123456789abcdef01234567';
const leaves = [...Object.values(UP), ...Object.values(DOWN)];

for (const leaf of leaves)
  test(`topic ${leaf} is built and read back`, () => {
    assert.deepEqual(parseNodeTopic(nodeTopic(worker, leaf)), { workerId: worker, leaf });
  });

test('no leaf is used twice, and none is a pattern', () => {
  assert.equal(new Set(leaves).size, leaves.length);
  for (const leaf of leaves) assert.doesNotMatch(leaf, /[#+]|^\/|\/$/);
});

test('everything of a worker lies under one pattern', () => {
  assert.equal(nodeTopic(worker, '#'), `nodes/${worker}/#`);
});

test('what is not a worker’s topic', () => {
  const other = ['', 'nodes', `nodes/${worker}`, `nodes/${worker}/`, 'nodes//job', `x/nodes/${worker}/job`];
  for (const topic of [...other, `nodes/${worker.toUpperCase()}/job`, `nodes/${worker}0/job`, '$SYS/uptime'])
    assert.equal(parseNodeTopic(topic), null, topic);
});
