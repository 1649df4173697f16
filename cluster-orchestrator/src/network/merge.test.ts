import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableEntry, TableInstance } from '@hedgerow/protos';
import { makeInstance, makeWorker } from '../testing/makers.ts';
import { mergeEntry } from './merge.ts';

const sources = { clusterId: 'here', carrier: () => makeWorker() };

function told(...instances: Partial<TableInstance>[]): TableEntry {
  const foreign = {
    ...{ instance_number: 0, instance_ip: '10.30.0.10', namespace_ip: '10.20.0.2', cluster_id: 'there' },
    ...{ host_ip: '198.51.100.1', host_port: 50103, worker_id: 'w9', worker_subnet: '10.20.0.0' },
  };
  return {
    ...{
      job_name: 'shop.test.web.test',
      application_id: 'bbbbbbbbbbbbbbbbbbbbbbbb',
      service_ip: '10.30.30.30',
    },
    ...{ removed: false, instances: instances.map(instance => ({ ...foreign, ...instance })) },
  };
}

function addresses(entry: TableEntry | null): [number, string][] | undefined {
  return entry?.instances.map(({ instance_number, namespace_ip }) => [instance_number, namespace_ip]);
}

test('an instance that runs here is not elsewhere, too, whatever the root knew last', () => {
  const merged = mergeEntry([makeInstance()], told({}, { instance_number: 1 }), sources);
  assert.deepEqual(addresses(merged), [
    [0, '10.18.0.2'],
    [1, '10.20.0.2'],
  ]);
});

test('until it runs here the one elsewhere answers, and from its removal on', () => {
  for (const own of [makeInstance({ status: 'CREATING' }), makeInstance({ desired: 'gone' })])
    assert.ok(
      addresses(mergeEntry([own], told({}), sources))?.some(([, address]) => address === '10.20.0.2'),
    );
});

test('what the root says of this cluster is passed over', () => {
  const merged = mergeEntry([], told({ cluster_id: 'here' }, { instance_number: 1 }), sources);
  assert.deepEqual(addresses(merged), [[1, '10.20.0.2']]);
});
