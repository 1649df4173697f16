import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableEntry, TableInstance } from '@hedgerow/protos';
import { directoryOf, entry, instance, WORKER_A, WORKER_B } from '../testing/table.ts';
import { addressesOf, isRemote, serviceOf } from './services.ts';
import { type Attachment, attachmentKey } from './state.ts';

const JOB = 'a.b.c.d';

function attachment(number: number, address: string, sandbox = 'boot/1'): [string, Attachment] {
  const made = { serviceName: JOB, instanceNumber: number, pid: 1, sandbox, address, ports: [] };
  return [attachmentKey(JOB, number), made];
}

/** By service IP and instance IP: who answers. */
function endpoints(entries: TableEntry[], attached: [string, Attachment][] = []) {
  const services = directoryOf(entries);
  const found = [...services.ips()].map((ip): [string, string[]] => [
    ip,
    addressesOf(services.endpointsAt(ip), new Map(attached), WORKER_A),
  ]);
  return Object.fromEntries(found.filter(([, list]) => list.length > 0));
}

const REMOTE = instance(WORKER_B, 1, '10.18.0.66', '10.30.0.11');
const LOCAL = instance(WORKER_A, 0, '10.18.0.2', '10.30.0.10');

test('a service IP has all endpoints in order of number, an instance IP one', () => {
  assert.deepEqual(endpoints([entry(JOB, '10.30.30.30', [REMOTE, LOCAL])], [attachment(0, '10.18.0.2')]), {
    '10.30.30.30': ['10.18.0.2', '10.18.0.66'],
    '10.30.0.10': ['10.18.0.2'],
    '10.30.0.11': ['10.18.0.66'],
  });
});

const CASES: [
  what: string,
  instances: TableInstance[],
  attached: [string, Attachment][],
  expected: string[],
][] = [
  ['not attached yet', [{ ...REMOTE, namespace_ip: '' }], [], []],
  ['without a subnet', [{ ...REMOTE, worker_subnet: '' }], [], []],
  [
    'under a prefix that the kernel refuses',
    [{ ...REMOTE, worker_subnet: '10.18.0.65', namespace_ip: '10.18.0.66' }],
    [],
    [],
  ],
  [
    'under a prefix that is not the overlay’s',
    [{ ...REMOTE, worker_subnet: '192.168.77.0', namespace_ip: '192.168.77.2' }],
    [],
    [],
  ],
  ['address outside its worker’s subnet', [{ ...REMOTE, namespace_ip: '10.18.0.2' }], [], []],
  ['host is a name', [{ ...REMOTE, host_ip: 'worker.example' }], [], []],
  ['here by the table, but not attached here', [LOCAL], [], []],
  ['here under another address', [LOCAL], [attachment(0, '10.18.0.3')], []],
  ['here, but its container has died', [LOCAL], [attachment(0, '10.18.0.2', '')], []],
  ['here, another instance', [LOCAL], [attachment(1, '10.18.0.2')], []],
  ['here and attached', [LOCAL], [attachment(0, '10.18.0.2')], ['10.18.0.2']],
  ['of this worker under an earlier subnet', [{ ...REMOTE, worker_id: WORKER_A.client_id }], [], []],
  ['at this worker’s own tunnel', [{ ...REMOTE, host_ip: WORKER_A.public_address }], [], []],
  [
    'behind the same address, another tunnel',
    [{ ...REMOTE, host_ip: WORKER_A.public_address, host_port: 50104 }],
    [],
    ['10.18.0.66'],
  ],
  ['the same address twice', [REMOTE, { ...REMOTE, instance_number: 2 }], [], ['10.18.0.66']],
];

for (const [what, instances, attached, expected] of CASES) {
  test(`endpoints: ${what}`, () => {
    const found = endpoints([entry(JOB, '10.30.30.30', instances)], attached);
    assert.deepEqual(found['10.30.30.30'] ?? [], expected);
  });
}

test('an instance that cannot be used is told and hides no other', () => {
  const bad = [
    { ...REMOTE, worker_subnet: 'x' },
    { ...REMOTE, namespace_ip: '10.18.0.2' },
    { ...REMOTE, host_ip: '::1' },
  ];
  const { problems, endpoints } = serviceOf(entry(JOB, '10.30.30.30', [...bad, REMOTE]));
  assert.equal(problems.length, 3);
  assert.deepEqual(
    endpoints.map(({ address }) => address),
    ['10.18.0.66'],
  );
  assert.deepEqual(serviceOf(entry(JOB, '10.30.30.30', [{ ...REMOTE, namespace_ip: '' }])).problems, []);
});

test('service IPs outside 10.30.0.0/16 never reach the kernel', () => {
  assert.deepEqual(endpoints([entry(JOB, '192.168.0.1', [{ ...REMOTE, instance_ip: '8.8.8.8' }])]), {});
  assert.deepEqual(
    endpoints([entry(JOB, '10.30.0.1 ; flush ruleset', [{ ...REMOTE, instance_ip: '' }])]),
    {},
  );
});

test('workers are known before their instances are attached, and never ourselves', () => {
  const waiting = { ...REMOTE, namespace_ip: '', host_port: 0 };
  const strange = { ...waiting, worker_subnet: '192.168.77.0' };
  const services = directoryOf([entry(JOB, '10.30.30.30', [waiting, strange, LOCAL])]);
  const workers = [...services.subnets()].map(subnet => services.workerAt(subnet));
  assert.deepEqual(
    workers.filter(worker => worker && isRemote(WORKER_A, worker)),
    [{ id: WORKER_B.client_id, subnet: '10.18.0.64', host: '192.168.77.2', port: 50103 }],
  );
});
