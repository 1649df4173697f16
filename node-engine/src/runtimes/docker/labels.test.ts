import assert from 'node:assert/strict';
import { it } from 'node:test';
import { makeDeploy } from '../../testing/deploys.ts';
import { containerName, labelsFor, readLabels } from './labels.ts';

const worker = '0123456789abcdef01234567';

it('reads what it wrote', () => {
  const deploy = makeDeploy({ instance_number: 4, generation: 5, epoch: 6 });
  assert.deepEqual(readLabels(worker, labelsFor(worker, deploy)), {
    service_id: deploy.service_id,
    job_name: deploy.job_name,
    instance_number: 4,
    generation: 5,
    epoch: 6,
  });
});

it('does not know containers of another worker, of nobody, or half labelled', () => {
  const labels = labelsFor(worker, makeDeploy());
  assert.equal(readLabels('f'.repeat(24), labels), null);
  assert.equal(readLabels(worker, {}), null);
  assert.equal(readLabels(worker, { ...labels, 'hedgerow.epoch': 'x' }), null);
});

it('names containers apart for workers that were registered in the same second', () => {
  const sibling = `${worker.slice(0, 8)}${'f'.repeat(16)}`;
  assert.equal(containerName(worker, 'a.b.c.d', 2), 'hedgerow-01234567-a.b.c.d-2');
  assert.notEqual(containerName(sibling, 'a.b.c.d', 2), containerName(worker, 'a.b.c.d', 2));
});
