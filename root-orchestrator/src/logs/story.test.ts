import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import type { Status } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { Story } from './story.ts';

let lines: object[];
let story: Story;

beforeEach(() => {
  lines = [];
  const write = (fields: object) => void lines.push(fields);
  const log = { ...silentLogger, info: write, warn: write };
  story = new Story({ log, nameOf: id => `name of ${id}` });
});

function instance(status: Status, fields: Partial<Instance> = {}): Instance {
  const known = { id: 's/0', service_id: 's', instance_number: 0, job_name: 'a.b.c.d', request_id: 'r' };
  const rest = { desired: 'run', cluster_id: '', worker_id: '', status_detail: '' };
  return { ...known, ...rest, status, ...fields } as Instance;
}

test('a step is one line with request, instance, cluster and worker', () => {
  const scheduled = instance('CLUSTER_SCHEDULED', { cluster_id: 'c1' });
  story.changed(instance('REQUESTED'), scheduled);
  const running = { ...scheduled, status: 'RUNNING', worker_id: 'w1' } as Instance;
  story.changed(scheduled, running);
  story.changed(running, { ...running, cpu_percent: '5' });
  const same = { request_id: 'r', instance: 's/0', job: 'a.b.c.d', cluster: 'name of c1' };
  assert.deepEqual(lines, [
    { ...same, status: 'CLUSTER_SCHEDULED' },
    { ...same, worker: 'w1', status: 'RUNNING' },
  ]);
});

test('an instance that waits is not told every ten seconds', () => {
  for (let n = 0; n < 100; n++) {
    for (const cluster_id of ['c1', 'c2']) {
      const waiting = instance('NO_WORKER_CAPACITY', { status_detail: `${n} MiB are missing` });
      story.changed(waiting, instance('CLUSTER_SCHEDULED', { cluster_id }));
      story.changed(instance('CLUSTER_SCHEDULED', { cluster_id }), waiting);
    }
  }
  assert.equal(lines.length, 2);
});

test('after it ran, it is told anew', () => {
  const [requested, scheduled] = [instance('REQUESTED'), instance('CLUSTER_SCHEDULED', { cluster_id: 'c1' })];
  const running = instance('RUNNING', { cluster_id: 'c1' });
  for (let n = 0; n < 2; n++) {
    story.changed(requested, scheduled);
    story.changed(scheduled, running);
  }
  assert.equal(lines.length, 4);
});
