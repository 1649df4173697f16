/** The calls of Oakestra's command line clients (Go, Python), in the order of their commands: no slash on some, no body on others. */
import assert from 'node:assert/strict';
import type { Step } from '../step.ts';
import { APPLICATION, assertService, assertServices, assertTypes } from '../types.ts';
import { service, sla } from './slas.ts';

type Application = { applicationID: string; application_name: string; microservices: string[] };
type Instances = { instance_list: { instance_number: number; status: string }[] };

export const COMMAND_LINE: readonly Step[] = [
  {
    name: 'logs in as Admin, who is there from the start',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'Admin', password: 'Admin' },
    check: ({ token, refresh_token }: { token: string; refresh_token: string }) => {
      for (const jwt of [token, refresh_token]) assert.equal(jwt.split('.').length, 3);
    },
    save: ({ token, refresh_token }: { token: string; refresh_token: string }) => ({
      admin: token,
      refresh: refresh_token,
    }),
  },
  {
    name: 'app create: the answer names what was made, with its services',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: sla('goapp', ['web', 'db']),
    check: (made: Application[]) => {
      for (const application of made) assertTypes(application, APPLICATION);
      assert.equal(
        made.find(application => application.application_name === 'goapp')?.microservices.length,
        2,
      );
    },
    save: (made: Application[]) => ({
      goapp: made[0]?.applicationID ?? '',
      goweb: made[0]?.microservices[0] ?? '',
      godb: made[0]?.microservices[1] ?? '',
    }),
  },
  {
    name: 'app show',
    method: 'GET',
    path: '/api/applications',
    as: 'admin',
    check: (all: Application[]) =>
      assert.ok(all.some(application => application.application_name === 'goapp')),
  },
  {
    name: 'app delete X asks for X as if it were an id first: a name is none',
    method: 'GET',
    path: '/api/application/goapp',
    as: 'admin',
    status: 404,
    error: 'APPLICATION_UNKNOWN',
  },
  {
    name: 'an application by id, whole',
    method: 'GET',
    path: '/api/application/:goapp',
    as: 'admin',
    check: (application: Application) => assertTypes(application, APPLICATION),
  },
  {
    name: 'service show',
    method: 'GET',
    path: '/api/services/',
    as: 'admin',
    check: assertServices,
  },
  {
    name: 'service show -n',
    method: 'GET',
    path: '/api/services/:goapp',
    as: 'admin',
    check: (all: { applicationID: string }[], saved) => {
      assert.equal(all.length, 2);
      assert.ok(all.every(({ applicationID }) => applicationID === saved.get('goapp')));
    },
  },
  {
    name: 'a name is no id',
    method: 'GET',
    path: '/api/service/web',
    as: 'admin',
    status: 404,
    error: 'SERVICE_UNKNOWN',
  },
  {
    name: 'deploy: no body and no content type',
    method: 'POST',
    path: '/api/service/:goweb/instance',
    as: 'admin',
    check: ({ instance_number }: { instance_number: number }) => assert.equal(instance_number, 0),
  },
  {
    name: 'scale up: numbers go on',
    method: 'POST',
    path: '/api/service/:goweb/instance',
    as: 'admin',
    check: ({ instance_number }: { instance_number: number }) => assert.equal(instance_number, 1),
  },
  {
    name: 'service inspect',
    method: 'GET',
    path: '/api/service/:goweb',
    as: 'admin',
    check: (body: Instances) => {
      assertService(body);
      assert.deepEqual(
        body.instance_list.map(i => i.instance_number),
        [0, 1],
      );
    },
  },
  {
    name: 'one instance',
    method: 'GET',
    path: '/api/service/:goweb/instance/1',
    as: 'admin',
    check: ({ instance_number }: { instance_number: number }) => assert.equal(instance_number, 1),
  },
  { name: 'undeploy X n', method: 'DELETE', path: '/api/service/:goweb/instance/0', as: 'admin' },
  {
    name: 'undeploy of what is gone says so',
    method: 'DELETE',
    path: '/api/service/:goweb/instance/0',
    as: 'admin',
    status: 404,
    error: 'INSTANCE_UNKNOWN',
  },
  { name: 'undeploy of all: -1', method: 'DELETE', path: '/api/service/:goweb/instance/-1', as: 'admin' },
  {
    name: 'and they are all gone',
    method: 'GET',
    path: '/api/service/:goweb',
    as: 'admin',
    check: ({ instance_list }: Instances) => assert.deepEqual(instance_list, []),
  },
  {
    name: 'cluster list',
    method: 'GET',
    path: '/api/clusters/active',
    as: 'admin',
    check: (all: unknown[]) => assert.deepEqual(all, []),
  },
  {
    name: 'cluster list --all',
    method: 'GET',
    path: '/api/clusters/',
    as: 'admin',
    check: (all: unknown[]) => assert.deepEqual(all, []),
  },
  { name: 'app delete', method: 'DELETE', path: '/api/application/:goapp', as: 'admin' },
  { name: 'its services went with it', method: 'GET', path: '/api/service/:godb', as: 'admin', status: 404 },
  {
    name: 'the same names may be used again at once',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: sla('goapp', ['web', 'db']),
    save: (made: Application[]) => ({ goapp: made[0]?.applicationID ?? '' }),
  },
  {
    name: 'an unknown constraint, field and virtualization of a service: the first two are kept',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: {
      ...sla('odd'),
      applications: [
        {
          ...sla('odd').applications[0],
          microservices: [service('x', { color: 'green', constraints: [{ type: 'geo', location: 'x' }] })],
        },
      ],
    },
  },
  { name: 'deleted at last', method: 'DELETE', path: '/api/application/:goapp', as: 'admin' },
];
