import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HedgerowError } from '@hedgerow/common';
import { type TableEntry, toTableResult } from '@hedgerow/protos';
import { makeCheck } from '../testing/checks.ts';
import { makeDeploy } from '../testing/deploys.ts';
import { parseDelete, parseDeploy, parseTable, parseTableResult } from './commands.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('control/deploy', () => {
  const parse = (value: unknown) => parseDeploy('control/deploy', bytes(value));

  it('is taken whole; null and absent mean the default; unknown keys are ignored', () => {
    const deploy = makeDeploy({ cmd: ['a'], memory: 5 });
    assert.deepEqual(parse({ ...deploy, instance_list: [] }), deploy);
    const { job_name, image, service_id } = deploy;
    const least = parse({ _id: service_id, job_name, image, instance_number: 0, cmd: null, memory: null });
    assert.equal(least.service_id, service_id);
    assert.deepEqual([least.cmd, least.memory, least.virtualization], [[], 0, 'docker']);
  });

  const bad: [string, unknown, string][] = [
    ['job_name', 'only.three.parts', 'control/deploy: job_name'],
    ['job_name', '../../etc.a.b.c', 'control/deploy: job_name'],
    ['instance_number', -1, 'control/deploy: instance_number'],
    ['instance_number', '1', 'control/deploy: instance_number'],
    ['image', ' ', 'control/deploy: image'],
    ['cmd', 'ls', 'control/deploy: cmd'],
    ['cmd', ['ls', 1], 'control/deploy: cmd'],
    ['environment', [null], 'control/deploy: environment'],
    ['memory', 1.5, 'control/deploy: memory'],
    ['vcpus', '2', 'control/deploy: vcpus'],
    ['one_shot', 'yes', 'control/deploy: one_shot'],
  ];
  for (const [key, value, path] of bad) {
    it(`is refused with ${key} ${JSON.stringify(value)}, naming it`, () => {
      assert.throws(
        () => parse({ ...makeDeploy(), [key]: value }),
        (error: unknown) => error instanceof HedgerowError && error.errors[0]?.path === path,
      );
    });
  }

  it('says how its program is started again and how its health is checked; null means the default', () => {
    const restart = { policy: 'on-failure', attempts: 3 };
    const exec = makeCheck({ type: 'exec', port: 0, command: ['check'] });
    for (const health_check of [makeCheck(), exec])
      assert.deepEqual(parse(makeDeploy({ restart, health_check })), makeDeploy({ restart, health_check }));
    assert.deepEqual(parse({ ...makeDeploy(), restart: null, health_check: null }), makeDeploy());
    const least = parse({ ...makeDeploy(), restart: {}, health_check: { type: 'tcp', port: 5 } });
    assert.deepEqual(least.restart, { policy: 'always', attempts: 0 });
    assert.deepEqual(least.health_check, makeCheck({ type: 'tcp', port: 5, interval: 10, timeout: 3 }));
  });

  const badRecovery: [string, object, string][] = [
    ['restart', { policy: 'sometimes' }, 'control/deploy: restart: policy'],
    ['restart', { attempts: -1 }, 'control/deploy: restart: attempts'],
    ['health_check', {}, 'control/deploy: health_check: type'],
    ['health_check', { type: 'ping' }, 'control/deploy: health_check: type'],
    ['health_check', { type: 'http' }, 'control/deploy: health_check: port'],
    ['health_check', { type: 'http', port: 80, path: 'no slash' }, 'control/deploy: health_check: path'],
    ['health_check', { type: 'http', port: 80, path: '/a b' }, 'control/deploy: health_check: path'],
    ['health_check', { type: 'exec' }, 'control/deploy: health_check: command'],
    ['health_check', { type: 'exec', command: [''] }, 'control/deploy: health_check: command'],
    ['health_check', { type: 'tcp', port: 5, interval: 0 }, 'control/deploy: health_check: interval'],
    ['health_check', { type: 'tcp', port: 5, retries: 0 }, 'control/deploy: health_check: retries'],
  ];
  for (const [key, value, path] of badRecovery) {
    it(`is refused with ${key} ${JSON.stringify(value)}, naming it`, () => {
      assert.throws(
        () => parse({ ...makeDeploy(), [key]: value }),
        (error: unknown) => error instanceof HedgerowError && error.errors[0]?.path === path,
      );
    });
  }

  it('is refused when it is not an object of JSON', () => {
    assert.throws(() => parseDeploy('control/deploy', Buffer.from('{')), /allowed: JSON/);
    assert.throws(() => parse([]), /allowed: one JSON object/);
  });
});

it('control/delete: Oakestra’s three keys are enough', () => {
  const given = { job_name: 'a.b.c.d', virtualization: 'docker', instance_number: 2 };
  assert.deepEqual(parseDelete('control/delete', bytes(given)), {
    ...given,
    service_id: '',
    request_id: '',
  });
});

describe('tables', () => {
  const entry: TableEntry = {
    job_name: 'a.b.c.d',
    application_id: 'x',
    service_ip: '10.30.0.9',
    removed: false,
    instances: [
      {
        instance_number: 1,
        instance_ip: '10.30.0.10',
        namespace_ip: '10.18.0.2',
        host_ip: '192.0.2.1',
        host_port: 50103,
        worker_id: 'w',
        worker_subnet: '10.18.0.0',
        cluster_id: 'c',
      },
    ],
  };

  it('are read in both shapes', () => {
    const entries = [entry];
    assert.deepEqual(parseTable('net/table', bytes({ entries })), { entries, part: 0, parts: 1 });
    const part = { entries, part: 1, parts: 3 };
    assert.deepEqual(parseTable('net/table', bytes(part)), part);
    assert.deepEqual(
      parseTableResult('net/tablequery/result', bytes(toTableResult(entry, 'a.b.c.d'))),
      entry,
    );
  });

  it('are refused whole when one entry is wrong', () => {
    assert.throws(
      () => parseTable('net/table', bytes({ entries: [entry, { ...entry, instances: [{}] }] })),
      /net\/table instances: instance_number is undefined/,
    );
  });

  it('the Net Manager would refuse for ever are refused here', () => {
    const [first] = entry.instances;
    const bad: [unknown, RegExp][] = [
      [{ ...entry, job_name: 'a b' }, /net\/table: job_name is "a b"/],
      [{ ...entry, instances: [{ ...first, host_port: 65_536 }] }, /instances: host_port is 65536/],
      [
        { ...entry, instances: [{ ...first, instance_number: 2 ** 31 }] },
        /instances: instance_number is 2147483648/,
      ],
    ];
    for (const [wrong, message] of bad)
      assert.throws(() => parseTable('net/table', bytes({ entries: [entry, wrong] })), message);
  });
});
