import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Capacity } from '../scheduler/capacity.ts';
import { demandOf } from '../scheduler/demand.ts';
import { makeSpec } from '../testing/makers.ts';
import { aggregate } from './aggregate.ts';

test('sums what is free on workers that are there, and names the roomiest', () => {
  const capacity = new Capacity();
  const offer = { vgpus: 0, architecture: 'amd64', virtualization: ['docker'], overlay: true, problems: [] };
  capacity.offer({ ...offer, id: 'a', hostname: 'a', vcpus: 4, memory: 4000 });
  capacity.offer({ ...offer, id: 'b', hostname: 'b', vcpus: 2, memory: 2000, architecture: 'arm64' });
  capacity.offer({ ...offer, id: 'c', hostname: 'c', vcpus: 64, memory: 64_000 });
  capacity.setPresence('a', 'live');
  capacity.setPresence('b', 'suspect');
  capacity.reserve('a', demandOf('s/0', makeSpec({ vcpus: 3, memory: 3500 }), ''));
  const usage = { a: { cpu_percent: 10, memory_percent: 30 }, b: { cpu_percent: 0, memory_percent: 31 } };
  assert.deepEqual(
    aggregate(capacity.seats(), id => usage[id as 'a']),
    {
      active_nodes: 2,
      cpu_percent: 5,
      memory_percent: 30.5,
      vcpus: 6,
      memory: 6000,
      free_vcpus: 3,
      free_memory: 2500,
      largest_free_vcpus: 2,
      largest_free_memory: 2000,
      vgpus: 0,
      virtualization: ['docker'],
      architecture: ['amd64', 'arm64'],
      workers: ['a', 'b'],
    },
  );
});

test('a cluster without workers has nothing', () => {
  const none = aggregate([], () => ({ cpu_percent: 0, memory_percent: 0 }));
  assert.deepEqual([none.active_nodes, none.memory, none.largest_free_memory, none.workers], [0, 0, 0, []]);
});
