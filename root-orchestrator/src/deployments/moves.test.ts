import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InstanceReport, Status } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { observe } from './moves.ts';

const stored: Instance = {
  id: 's/0',
  revision: 1,
  service_id: 's',
  application_id: 'a',
  job_name: 'a.n.s.n',
  instance_number: 0,
  instance_ip: '10.30.0.2',
  generation: 2,
  request_id: '',
  desired: 'run',
  cluster_id: 'c',
  status: 'RUNNING',
  status_detail: '',
  epoch: 5,
  worker_id: 'w',
  host_ip: '192.0.2.1',
  host_port: 50103,
  namespace_ip: '10.18.0.2',
  worker_subnet: '10.18.0.0',
  cpu_percent: '1.0',
  memory_percent: '2.0',
  disk: '3',
  logs: 'old',
  last_modified_timestamp: 0,
};

const same: InstanceReport = {
  service_id: 's',
  instance_number: 0,
  generation: 2,
  epoch: 5,
  status: 'RUNNING',
  status_detail: '',
  worker_id: 'w',
  host_ip: '192.0.2.1',
  host_port: 50103,
  namespace_ip: '10.18.0.2',
  worker_subnet: '10.18.0.0',
  cpu_percent: '',
  memory_percent: '',
  disk: '',
  logs: '',
};

interface Row {
  name: string;
  from?: Status;
  epoch?: number;
  report: Partial<InstanceReport>;
  whole?: boolean;
  /** the status after it, or null when nothing changes */
  gives: Status | null;
}

test('what has ended uses nothing, whatever was measured last', () => {
  for (const status of ['DEAD', 'COMPLETED'] as const) {
    const seen = observe(stored, { ...same, status, cpu_percent: '99.0' }, false);
    assert.deepEqual([seen?.cpu_percent, seen?.memory_percent, seen?.disk, seen?.logs], ['', '', '', 'old']);
  }
});

const TABLE: Row[] = [
  { name: 'the same again changes nothing', report: {}, gives: null },
  { name: 'usage that was left out changes nothing', report: { cpu_percent: '', logs: '' }, gives: null },
  { name: 'usage alone is taken', report: { cpu_percent: '9.0' }, gives: 'RUNNING' },
  { name: 'forward', from: 'CREATED', report: {}, gives: 'RUNNING' },
  { name: 'backward in the same epoch is late news', report: { status: 'CREATED' }, gives: null },
  { name: 'an older epoch is late news', report: { epoch: 4, status: 'FAILED' }, gives: null },
  { name: 'a newer epoch begins again', report: { epoch: 6, status: 'CREATED' }, gives: 'CREATED' },
  { name: 'an older generation is late news', report: { generation: 1, status: 'FAILED' }, gives: null },
  { name: 'an unknown status is not taken', report: { status: 'SINGING' }, gives: null },
  {
    name: 'a report overtakes the answer to Place',
    from: 'CLUSTER_SCHEDULED',
    epoch: 0,
    report: { epoch: 1 },
    gives: 'RUNNING',
  },
  {
    name: 'also from a cluster that counts from 0',
    from: 'CLUSTER_SCHEDULED',
    epoch: 0,
    report: { epoch: 0, status: 'CREATING' },
    gives: 'CREATING',
  },
  {
    name: 'a lost instance for which there is no worker',
    report: { status: 'NO_WORKER_CAPACITY' },
    gives: 'NO_WORKER_CAPACITY',
  },
  {
    name: 'a copy whose worker is back before there was room elsewhere',
    from: 'NO_WORKER_CAPACITY',
    report: {},
    gives: 'RUNNING',
  },
  { name: 'completed stays completed', from: 'COMPLETED', report: { epoch: 6 }, gives: null },
  {
    name: 'a Hello stands, also where no move leads',
    report: { status: 'CREATED' },
    whole: true,
    gives: 'CREATED',
  },
  { name: 'but not of an older epoch', report: { epoch: 4, status: 'FAILED' }, whole: true, gives: null },
  { name: 'nor of an older generation', report: { generation: 1, epoch: 9 }, whole: true, gives: null },
  { name: 'a word of the root’s own is not taken', report: { epoch: 6, status: 'REQUESTED' }, gives: null },
  { name: 'nor an epoch that cannot be', report: { epoch: 4_000_000_000, status: 'FAILED' }, gives: null },
  { name: 'a Hello does not undo an end', from: 'COMPLETED', report: {}, whole: true, gives: null },
];

describe('a report', () => {
  for (const { name, from = 'RUNNING', epoch = 5, report, whole = false, gives } of TABLE)
    test(name, () => {
      const change = observe({ ...stored, status: from, epoch }, { ...same, ...report }, whole);
      assert.equal(change?.status ?? null, gives);
    });
});

test('usage of an earlier epoch is not shown as that of a new one; the last log is', () => {
  const change = observe(stored, { ...same, epoch: 6, status: 'CREATING' }, false);
  assert.deepEqual([change?.cpu_percent, change?.disk, change?.logs], ['', '', 'old']);
});
