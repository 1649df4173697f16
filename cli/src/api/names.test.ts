import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HedgerowError } from '@hedgerow/common';
import type { ApiApplication, ApiService } from '@hedgerow/protos';
import { findApplication, findService, findTarget, splitInstance } from './names.ts';

function service(id: string, job_name: string): ApiService {
  return { microserviceID: id, job_name, service_name: job_name.split('.')[2] } as ApiService;
}

function application(id: string, name: string, namespace: string): ApiApplication {
  return { applicationID: id, application_name: name, application_namespace: namespace } as ApiApplication;
}

const SERVICES = [
  service('1', 'shop.test.web.test'),
  service('2', 'shop.test.db.test'),
  service('3', 'shop.prod.web.test'),
];
const APPLICATIONS = [
  application('a', 'shop', 'test'),
  application('b', 'blog', 'test'),
  application('c', 'db', 'x'),
];

function throwsCode(code: string, action: () => unknown): HedgerowError {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof HedgerowError, 'nothing was thrown');
  assert.equal(thrown.code, code);
  return thrown;
}

test('a service is found by id, by its whole name, and by its own name when that is unique', () => {
  assert.equal(findService('3', SERVICES).microserviceID, '3');
  assert.equal(findService('shop.prod.web.test', SERVICES).microserviceID, '3');
  assert.equal(findService('db', SERVICES).microserviceID, '2');
});

test('a name of two services names both', () => {
  const error = throwsCode('NAME_AMBIGUOUS', () => findService('web', SERVICES));
  assert.match(error.message, /shop\.test\.web\.test \(1\), shop\.prod\.web\.test \(3\)/);
});

test('a name of none is not found', () => {
  throwsCode('NAME_UNKNOWN', () => findService('mail', SERVICES));
  throwsCode('NAME_UNKNOWN', () => findApplication('shop.dev', APPLICATIONS));
});

test('what is both an application and a service is the application, a whole name is what it says', () => {
  assert.equal(findTarget('db', APPLICATIONS, SERVICES).kind, 'application');
  throwsCode('NAME_AMBIGUOUS', () => findTarget('web', APPLICATIONS, SERVICES));
  assert.equal(findTarget('db.x', APPLICATIONS, SERVICES).kind, 'application');
  assert.equal(findTarget('shop.test.db.test', APPLICATIONS, SERVICES).kind, 'service');
});

test('an instance is a service and a number', () => {
  assert.deepEqual(splitInstance('web/12'), { name: 'web', instance: 12 });
  for (const name of ['web', 'web/', 'web/x', 'web/-1'])
    assert.deepEqual(splitInstance(name), { name, instance: null });
});
