import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableEntry } from '../link.ts';
import { fromTableResult, toTableResult } from './payloads.ts';

const entry: TableEntry = {
  job_name: 'clientsrvr.test.nginx.test',
  application_id: 'a'.repeat(24),
  service_ip: '10.30.30.30',
  removed: false,
  instances: [
    {
      instance_number: 0,
      instance_ip: '10.30.0.5',
      namespace_ip: '10.18.0.2',
      host_ip: '192.0.2.7',
      host_port: 50103,
      worker_id: 'b'.repeat(24),
      worker_subnet: '10.18.0.0',
      cluster_id: 'c'.repeat(24),
    },
  ],
};

test('a table entry goes through a table result and comes back as it was', () => {
  assert.deepEqual(fromTableResult(toTableResult(entry, '10.30.30.30')), entry);
  const removed: TableEntry = { ...entry, instances: [], removed: true };
  assert.deepEqual(fromTableResult(toTableResult(removed, '10.30.30.30')), removed);
});

test('a table result names service IP and instance IP as Oakestra’s clients read them', () => {
  const result = toTableResult(entry, 'asked');
  assert.equal(result.query_key, 'asked');
  assert.equal(result.app_name, entry.job_name);
  assert.deepEqual(result.instance_list[0]?.service_ip, [
    { IpType: 'RR', Address: '10.30.30.30' },
    { IpType: 'instance_ip', Address: '10.30.0.5' },
  ]);
});
