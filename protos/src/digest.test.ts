import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ComparedInstance, digestInstances, digestSubnets, digestTable } from './digest.ts';
import type { TableEntry, TableInstance } from './link.ts';

const instance = (fields: Partial<TableInstance> = {}): TableInstance => ({
  instance_number: 0,
  instance_ip: '10.30.0.1',
  namespace_ip: '10.18.0.2',
  host_ip: '192.0.2.1',
  host_port: 50_103,
  worker_id: 'w1',
  worker_subnet: '10.18.0.0',
  cluster_id: 'c1',
  ...fields,
});
const entry = (instances: TableInstance[], fields: Partial<TableEntry> = {}): TableEntry => ({
  job_name: 'a.b.c.d',
  application_id: 'a1',
  service_ip: '10.30.0.9',
  removed: false,
  instances,
  ...fields,
});

test('equal tables have equal digests in any order', () => {
  const [a, b] = [instance(), instance({ instance_number: 1 })];
  const other = entry([], { job_name: 'a.b.x.d' });
  assert.equal(digestTable([entry([a, b]), other]), digestTable([other, entry([b, a])]));
});

test('one difference in any field changes the digest', () => {
  const base = digestTable([entry([instance()])]);
  for (const [key, value] of Object.entries(instance())) {
    const changed = instance({ [key]: typeof value === 'number' ? value + 1 : `${value}1` });
    assert.notEqual(digestTable([entry([changed])]), base, key);
  }
  assert.notEqual(digestTable([entry([instance()], { service_ip: '10.30.0.8' })]), base);
  assert.notEqual(digestTable([]), base);
});

test('a cluster’s own instances do not count, what is removed is not there', () => {
  const own = instance({ cluster_id: 'own', instance_number: 3 });
  const foreign = instance();
  assert.equal(digestTable([entry([own, foreign])], 'own'), digestTable([entry([foreign])], 'own'));
  assert.equal(digestTable([entry([foreign], { removed: true })]), digestTable([]));
});

test('subnets and their holders count', () => {
  const base = [
    { worker_id: 'w1', subnet: '10.18.0.0' },
    { worker_id: 'w2', subnet: '10.18.0.64' },
  ];
  assert.equal(digestSubnets(base), digestSubnets([...base].reverse()));
  assert.notEqual(digestSubnets(base), digestSubnets(base.slice(1)));
});

test('another field of an instance is another digest; the order is none', () => {
  const base: ComparedInstance = {
    service_id: 's',
    instance_number: 0,
    generation: 1,
    epoch: 1,
    status: 'RUNNING',
    worker_id: 'w',
    host_ip: '192.0.2.1',
    host_port: 50_103,
    namespace_ip: '10.18.0.2',
    worker_subnet: '10.18.0.0',
  };
  for (const [key, value] of Object.entries(base)) {
    const other = { ...base, [key]: typeof value === 'number' ? value + 1 : `${value}x` };
    assert.notEqual(digestInstances([other]), digestInstances([base]), key);
    assert.equal(digestInstances([base, other]), digestInstances([other, base]), key);
  }
});
