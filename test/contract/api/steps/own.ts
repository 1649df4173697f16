/** What the root has beside what Oakestra's clients know: resets, logouts, updates, events, outputs, its own health. */
import assert from 'node:assert/strict';
import type { Step } from '../step.ts';
import { sla } from './slas.ts';

const UNKNOWN = '0123456789abcdef01234567';

type Tokens = { token: string; refresh_token: string };
type Made = { applicationID: string; microservices: string[] };

const health: Step[] = [
  { name: 'alive', method: 'GET', path: '/healthz' },
  { name: 'can do its work', method: 'GET', path: '/readyz' },
  {
    name: 'figures',
    method: 'GET',
    path: '/metrics',
    check: (text: string) => assert.match(text, /^hedgerow_http_requests_total\{/m),
  },
];

const passwords: Step[] = [
  {
    name: 'in',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'Admin', password: 'Admin' },
    save: ({ token, refresh_token }: Tokens) => ({ admin: token, refresh: refresh_token }),
  },
  {
    name: 'a user who will forget',
    method: 'POST',
    path: '/api/auth/register',
    as: 'admin',
    body: { name: 'flo', password: 'nine and more', roles: ['Application_Provider'] },
  },
  {
    name: 'her wish is heard, and nobody learns whether there is such a user',
    method: 'POST',
    path: '/api/user',
    body: { username: 'flo', domain: 'x' },
  },
  {
    name: 'nor of one who is nobody',
    method: 'POST',
    path: '/api/user',
    body: { username: 'nobody', domain: 'x' },
  },
  {
    name: 'an Admin gives her a token',
    method: 'POST',
    path: '/api/user/flo/reset',
    as: 'admin',
    save: ({ token }: { token: string }) => ({ reset: token }),
  },
  {
    name: 'a token that is none',
    method: 'PUT',
    path: '/api/user',
    body: { token: 'x', password: 'nine and more' },
    status: 400,
  },
  {
    name: 'with it she sets a password',
    method: 'PUT',
    path: '/api/user',
    body: saved => ({ token: saved.get('reset'), password: 'another long one' }),
  },
  {
    name: 'once',
    method: 'PUT',
    path: '/api/user',
    body: saved => ({ token: saved.get('reset'), password: 'a third long one' }),
    status: 400,
  },
  {
    name: 'and is in',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'flo', password: 'another long one' },
    save: ({ refresh_token }: Tokens) => ({ floRefresh: refresh_token }),
  },
  { name: 'out', method: 'POST', path: '/api/auth/logout', as: 'floRefresh' },
  { name: 'for good', method: 'POST', path: '/api/auth/refresh', as: 'floRefresh', status: 401 },
];

const services: Step[] = [
  {
    name: 'a service',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: sla('own', ['web']),
    save: (made: Made[]) => ({
      own: made[0]?.applicationID ?? '',
      web: made[0]?.microservices[0] ?? '',
    }),
  },
  {
    name: 'some fields of it change, the others stay',
    method: 'PUT',
    path: '/api/service/:web',
    as: 'admin',
    body: { memory: 48, environment: ['A=1'] },
  },
  {
    name: 'as asked',
    method: 'GET',
    path: '/api/service/:web',
    as: 'admin',
    check: (service: { memory: number; environment: string[]; code: string }) =>
      assert.deepEqual([service.memory, service.environment, service.code], [48, ['A=1'], 'hedgerow/demo:1']),
  },
  {
    name: 'its name does not',
    method: 'PUT',
    path: '/api/service/:web',
    as: 'admin',
    body: { microservice_name: 'other' },
    status: 422,
    paths: ['microservice_name'],
  },
  {
    name: 'nor to what is not possible',
    method: 'PUT',
    path: '/api/service/:web',
    as: 'admin',
    body: { memory: -1 },
    status: 422,
    paths: ['memory'],
  },
  { name: 'an instance', method: 'POST', path: '/api/service/:web/instance', as: 'admin' },
  {
    name: 'that is nowhere yet prints nothing',
    method: 'GET',
    path: '/api/service/:web/instance/0/logs',
    as: 'admin',
    status: 409,
    error: 'INSTANCE_NOT_PLACED',
  },
  {
    name: 'nor does one that never was',
    method: 'GET',
    path: '/api/service/:web/instance/7/logs',
    as: 'admin',
    status: 404,
    error: 'INSTANCE_UNKNOWN',
  },
  {
    name: 'what happened to it is told',
    method: 'GET',
    path: '/api/service/:web/instance/0/history',
    as: 'admin',
    check: ({ instance_number, moves }: { instance_number: number; moves: unknown[] }) => {
      assert.equal(instance_number, 0);
      assert.ok(Array.isArray(moves));
    },
  },
  {
    name: 'but not of one that never was',
    method: 'GET',
    path: '/api/service/:web/instance/7/history',
    as: 'admin',
    status: 404,
    error: 'INSTANCE_UNKNOWN',
  },
  {
    name: 'nor of one that cannot be',
    method: 'GET',
    path: '/api/service/:web/instance/x/history',
    as: 'admin',
    status: 422,
    error: 'INSTANCE_NUMBER_INVALID',
  },
  {
    name: 'events of a kind that is none',
    method: 'GET',
    path: '/api/events?kind=weather',
    as: 'admin',
    status: 422,
    paths: ['kind'],
  },
  { name: 'events are not for everybody', method: 'GET', path: '/api/events', status: 401 },
  {
    name: 'a cluster that never was',
    method: 'DELETE',
    path: `/api/cluster/${UNKNOWN}`,
    as: 'admin',
    status: 404,
    error: 'CLUSTER_UNKNOWN',
  },
];

export const OWN: readonly Step[] = [...health, ...passwords, ...services];
