import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createChecker } from '@hedgerow/common/check';
import { SlaSchema } from '@hedgerow/protos';
import { BAD_SLAS, type BadSla, goodSla } from '@hedgerow/test/fixtures/bad-slas.ts';
import { unknownFields } from './unknown-fields.ts';
import { serviceSlaCheck, slaCheck } from './validate.ts';

const check = slaCheck(createChecker());

describe('a descriptor is refused with the path of every bad field', () => {
  for (const { name, sla, paths } of BAD_SLAS) {
    test(name, () => {
      const errors = check(sla);
      assert.deepEqual([...new Set(errors.map(error => error.path))].sort(), paths.toSorted());
      for (const error of errors) assert.notEqual(error.allowed, '', error.path);
    });
  }
});

test('the table has at least 40 rows', () => assert.ok(BAD_SLAS.length >= 40));

test('what is good passes', () => {
  assert.deepEqual(check(goodSla()), []);
  assert.deepEqual(check({ ...goodSla(), sla_version: 'v0.2' }), []);
  assert.deepEqual(check({ ...goodSla(), applications: [], unknown: { a: 1 } }), []);
});

test('restart, health check and loss of the cluster pass as they are meant', () => {
  for (const fields of [
    { restart: {}, on_cluster_loss: {} },
    { restart: { policy: 'never', attempts: 0 }, on_cluster_loss: { action: 'wait' } },
    { one_shot: true, restart: { policy: 'on-failure', attempts: 3 } },
    { health_check: { type: 'http', port: 80, path: '/ready', interval: 1 } },
    { health_check: { type: 'tcp', port: 80 }, one_shot: true },
    { health_check: { type: 'exec', command: ['test', '-e', '/tmp/ready'] } },
  ]) {
    const sla = goodSla();
    const [application] = sla.applications as { microservices: object[] }[];
    Object.assign(application?.microservices[0] ?? {}, fields);
    assert.deepEqual(check(sla), [], JSON.stringify(fields));
  }
});

test('every example passes, and no field of it is misspelt', () => {
  const folder = dirname(fileURLToPath(import.meta.resolve('@hedgerow/examples/demo.json')));
  const files = readdirSync(folder).filter(name => name.endsWith('.json') && name !== 'package.json');
  assert.ok(files.length >= 3);
  for (const file of files) {
    const sla = JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown;
    assert.deepEqual([check(sla), unknownFields(SlaSchema, sla)], [[], []], file);
  }
});

test('the same names in two applications are two services', () => {
  const [one, two] = [goodSla('one'), goodSla('two')];
  assert.deepEqual(check({ ...one, applications: [...one.applications, ...two.applications] }), []);
});

test('what was found is said', () => {
  const { sla } = BAD_SLAS.find(({ name }) => name === 'an unknown protocol') as BadSla;
  assert.deepEqual(check(sla), [
    {
      path: 'applications.0.microservices.0.port',
      found: '80:80/sctp',
      allowed: 'ports; this one is not of the form host[:container][/tcp|udp] with ports 1 to 65535',
    },
  ]);
});

test('services are added to one application, which is named', () => {
  const checkService = serviceSlaCheck(createChecker());
  const paths = (body: unknown) => checkService(body).map(error => error.path);
  const [application] = goodSla().applications;
  const withId = { ...application, applicationID: '0123456789abcdef01234567' };
  assert.deepEqual(paths({ ...goodSla(), applications: [withId] }), []);
  assert.deepEqual(paths(goodSla()), ['applications.0.applicationID']);
  assert.deepEqual(paths({ ...goodSla(), applications: [] }), ['applications']);
  const twice = [withId, { ...withId, application_name: 'other' }];
  assert.deepEqual(paths({ ...goodSla(), applications: twice }), ['applications']);
  assert.deepEqual(paths({ ...goodSla(), applications: [{ ...application, applicationID: 4 }] }), [
    'applications.0.applicationID',
  ]);
});
