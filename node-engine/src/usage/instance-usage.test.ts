import assert from 'node:assert/strict';
import { it } from 'node:test';
import { newSlot, type Slot } from '../instances/slot.ts';
import { makeDeploy } from '../testing/deploys.ts';
import { InstanceUsage } from './instance-usage.ts';

/** A slot whose container is this very process. */
function running(): Slot {
  const deploy = makeDeploy();
  const slot = newSlot({
    sname: deploy.job_name,
    service_id: deploy.service_id,
    instance: 0,
    status: 'RUNNING',
    status_detail: '',
    publicip: '',
    namespace_ip: '',
    generation: 1,
    epoch: 1,
    logs: '',
  });
  const labels = { ...deploy, container: 'c', name: 'c', exitCode: 0, outOfMemory: false };
  return { ...slot, seen: { ...labels, state: 'running', pid: process.pid } };
}

it('tells the first measurement and then only what has changed noticeably', () => {
  const usage = new InstanceUsage({ cores: 1000, memory: 1024 * 1024 }, 1);
  const slots = [running()];
  assert.deepEqual(usage.changed(slots, 0), [], 'a share of time needs two looks');
  const [first] = usage.changed(slots, 15);
  assert.equal(first?.job_name, slots[0]?.jobName);
  assert.match(first?.cpu_percent ?? '', /^\d+\.\d\d$/);
  assert.deepEqual(usage.changed(slots, 30), []);
});

it('forgets what is gone', () => {
  const usage = new InstanceUsage({ cores: 1, memory: 1024 }, 1);
  usage.changed([running()], 0);
  assert.deepEqual(usage.changed([], 15), []);
  assert.deepEqual(usage.changed([running()], 30), []);
  assert.equal(usage.changed([running()], 45).length, 1);
});
