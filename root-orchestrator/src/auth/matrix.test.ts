/** The matrix, asked over HTTP: every route that asks for an operation × every role × how far away the thing is. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROLES, type Role } from '@hedgerow/protos';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';
import {
  createWorldMaker,
  LEVELS,
  type Level,
  PASSWORD,
  type Target,
  type WorldMaker,
} from '../testing/world.ts';
import { grantable, type Operation, SCOPES, type Scope, scopeOf } from './matrix.ts';

interface Case {
  /** method and path with its parameters left out */
  route: string;
  operation: Operation;
  /** what the route asks for before it looks at anything; the operation itself when left out */
  access?: Operation;
  /** what makes the thing visible; none: there is no thing to look for */
  read?: Operation;
  /** the thing to reach; the route has no parameter when left out */
  of?: (target: Target) => string;
  body?: (target: Target) => unknown;
  /** how near the caller's organization counts */
  home?: Level;
  /** what is allowed may fail for another reason than rights */
  mayFail?: true;
}

const service = (target: Target): string => target.service;
const application = (target: Target): string => target.application;
const user = (target: Target): string => target.user;
const organization = (target: Target): string => target.organization;
const one = (name: string) => sla(name, microservice('web'));
const into = ({ application: applicationID }: Target) => {
  const descriptor = sla('x', microservice('more'));
  return { ...descriptor, applications: [{ ...descriptor.applications[0], applicationID }] };
};
const raised = () => sla('raised', microservice('web', { privileged: true }));

const APPLICATION = { read: 'application:read', of: application } as const;
const SERVICE = { read: 'service:read', of: service } as const;
const USER = { read: 'user:read', of: user } as const;
const ORGANIZATION = { read: 'organization:read', of: organization, home: 'organization' } as const;

const CASES: readonly Case[] = [
  {
    route: 'POST /api/application',
    operation: 'application:create',
    body: t => one(`a${t.application}`.slice(0, 30)),
  },
  {
    route: 'POST /api/application',
    operation: 'service:privileged',
    access: 'application:create',
    body: raised,
  },
  { route: 'GET /api/applications', operation: 'application:read' },
  {
    route: 'GET /api/applications/{}',
    operation: 'user:read',
    access: 'application:read',
    read: 'user:read',
    of: t => t.userId,
  },
  { route: 'GET /api/application/{}', operation: 'application:read', ...APPLICATION },
  {
    route: 'PUT /api/application/{}',
    operation: 'application:update',
    ...APPLICATION,
    body: () => ({ application_desc: 'x' }),
  },
  { route: 'DELETE /api/application/{}', operation: 'application:delete', ...APPLICATION },
  {
    route: 'POST /api/service',
    operation: 'service:create',
    read: 'application:read',
    of: () => '',
    body: into,
  },
  { route: 'GET /api/services', operation: 'service:read' },
  { route: 'GET /api/services/{}', operation: 'service:read', ...APPLICATION },
  { route: 'GET /api/service/{}', operation: 'service:read', ...SERVICE },
  {
    route: 'PUT /api/service/{}',
    operation: 'service:update',
    ...SERVICE,
    body: () => ({ code: 'hedgerow/demo:2' }),
  },
  { route: 'DELETE /api/service/{}', operation: 'service:delete', ...SERVICE },
  { route: 'POST /api/service/{}/instance', operation: 'instance:create', ...SERVICE },
  { route: 'DELETE /api/service/{}/instance/{}', operation: 'instance:delete', ...SERVICE },
  { route: 'GET /api/service/{}/instance/{}', operation: 'instance:read', ...SERVICE, mayFail: true },
  { route: 'GET /api/service/{}/instance/{}/history', operation: 'instance:read', ...SERVICE, mayFail: true },
  { route: 'GET /api/service/{}/instance/{}/logs', operation: 'instance:logs', ...SERVICE, mayFail: true },
  { route: 'GET /api/events', operation: 'event:read' },
  { route: 'DELETE /api/cluster/{}', operation: 'cluster:manage', of: service, mayFail: true },
  { route: 'GET /api/permission/{}', operation: 'user:read', ...USER },
  { route: 'GET /api/user/{}', operation: 'user:read', ...USER },
  {
    route: 'PUT /api/user/{}',
    operation: 'user:update',
    ...USER,
    body: () => ({ email: 'new@example.org' }),
  },
  {
    route: 'PUT /api/user/{}',
    operation: 'user:roles',
    access: 'user:update',
    ...USER,
    body: () => ({ roles: ['Organization_Admin'] }),
  },
  {
    route: 'POST /api/user/{}',
    operation: 'user:password',
    ...USER,
    body: () => ({ oldPassword: PASSWORD, newPassword: 'another one' }),
  },
  { route: 'POST /api/user/{}/reset', operation: 'user:reset', ...USER },
  { route: 'DELETE /api/user/{}', operation: 'user:delete', ...USER, mayFail: true },
  { route: 'GET /api/users', operation: 'user:read' },
  { route: 'GET /api/users/{}', operation: 'user:read', ...ORGANIZATION, read: 'user:read', home: 'own' },
  {
    route: 'POST /api/auth/register',
    operation: 'user:create',
    body: t => ({ name: `new-${t.user}`, password: PASSWORD }),
  },
  { route: 'GET /api/organization', operation: 'organization:read' },
  {
    route: 'POST /api/organization',
    operation: 'organization:create',
    body: t => ({ name: `new ${t.user}` }),
  },
  {
    route: 'PUT /api/organization/{}',
    operation: 'organization:update',
    ...ORGANIZATION,
    body: t => ({ name: `re${t.organization}` }),
  },
  { route: 'DELETE /api/organization/{}', operation: 'organization:delete', ...ORGANIZATION, mayFail: true },
];

const CALLERS = [...ROLES, 'anybody'] as const;

let data: string;
let root: TestRoot;
let worlds: WorldMaker;
/** route → operation that it asks for, as the root says itself */
let asked: Map<string, Operation>;

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-root-matrix-'));
  root = await startTestRoot({ config: { data } });
  worlds = await createWorldMaker(root, data);
  const { paths } = (await root.call('GET', '/api/docs/openapi.json')).body;
  asked = new Map(
    Object.entries<Record<string, { 'x-operation'?: Operation }>>(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { 'x-operation': operation }]) =>
        operation
          ? [[`${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`, operation] as const]
          : [],
      ),
    ),
  );
});
after(async () => {
  await root.stop();
  await rm(data, { recursive: true });
});

test('every route that asks for an operation is in the table, with that operation', () => {
  const listed = new Map(CASES.map(one => [one.route, one.access ?? one.operation]));
  for (const [route, operation] of asked) assert.equal(listed.get(route), operation, route);
});

for (const one of CASES)
  describe(`${one.route}: ${one.operation}`, () => {
    for (const role of CALLERS)
      test(`as ${role}`, async context => {
        if (!asked.has(one.route)) return context.skip('no such route yet');
        for (const level of levelsOf(one)) {
          const { caller, targets } = await worlds.make(role);
          const found = await answerTo(one, targets[level], caller.token);
          const wanted: number = expected(one, role, level);
          const fits = wanted === 200 && one.mayFail ? isAllowed(found) : found.status === wanted;
          assert.ok(fits, `${level}: ${wanted} was expected, found ${found.status} ${found.error}`);
        }
      });
  });

function levelsOf({ of, home }: Case): readonly Level[] {
  if (!of) return ['own'];
  return home === undefined ? LEVELS : ['organization', 'all'];
}

/** At the door it is 403; what cannot be seen is 404; what is seen and cannot be reached is 403. */
function expected(
  { operation, access = operation, read, of, home }: Case,
  role: Role | 'anybody',
  at: Level,
): number {
  const level = at === 'organization' && home !== undefined ? home : at;
  const roles = role === 'anybody' ? [] : [role];
  const reaches = (what: Operation, far: Scope) =>
    SCOPES.indexOf(scopeOf(roles, what)) >= SCOPES.indexOf(far);
  if (!reaches(access, 'own')) return 403;
  if (of && read && !reaches(read, level)) return 404;
  // Who may create a thing without limits has it allowed everywhere.
  const far = operation === 'service:privileged' ? 'all' : level;
  return reaches(operation, far) ? 200 : 403;
}

interface Found {
  status: number;
  error: string;
}

/** The body of a stream is not waited for. */
async function answerTo(one: Case, target: Target, token: string): Promise<Found> {
  const [method = '', template = ''] = one.route.split(' ');
  const [id, number] = [one.of?.(target) ?? '', method === 'DELETE' ? '-1' : '0'];
  const path = template.replace('{}', id).replace('{}', number);
  const stop = new AbortController();
  const response = await fetch(root.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}` },
    signal: stop.signal,
    ...(one.body ? { body: JSON.stringify(one.body(target)) } : {}),
  });
  const body = response.ok ? {} : ((await response.json()) as { error?: string });
  if (response.ok) stop.abort();
  return { status: response.status, error: body.error ?? '' };
}

function isAllowed({ status, error }: Found): boolean {
  return status !== 401 && status !== 403 && !/^(SERVICE|APPLICATION|USER|ORGANIZATION)_UNKNOWN$/.test(error);
}

describe('a list has what the caller reaches, and nothing else', () => {
  const LISTS: [path: string, operation: Operation, key: string, of: (target: Target) => string][] = [
    ['/api/applications', 'application:read', 'applicationID', application],
    ['/api/services', 'service:read', 'microserviceID', service],
    ['/api/users', 'user:read', 'name', user],
  ];
  for (const [path, operation, key, of] of LISTS)
    for (const role of ROLES)
      test(`${path} as ${role}`, async () => {
        const { caller, targets } = await worlds.make(role);
        const { status, body } = await root.call('GET', path, undefined, caller.token);
        const scope = scopeOf([role], operation);
        assert.equal(status, scope === 'none' ? 403 : 200);
        if (scope === 'none') return;
        const found = (body as Record<string, string>[]).map(item => item[key]);
        for (const level of LEVELS) {
          const wanted: boolean = SCOPES.indexOf(scope) >= SCOPES.indexOf(level);
          assert.equal(found.includes(of(targets[level])), wanted, level);
        }
        if (scope === 'own') assert.deepEqual(found, [of(targets.own)]);
        if (scope === 'organization') assert.equal(found.length, 2);
      });
});

test('an application that one made in another organization is not one’s own here', async () => {
  const { caller, targets } = await worlds.make('Application_Provider');
  const stored = await root.collections.applications.get(targets.all.application);
  assert.ok(stored);
  await root.collections.applications.replace({ ...stored, owner: caller.name }, stored.revision);
  const path = `/api/application/${targets.all.application}`;
  assert.equal((await root.call('GET', path, undefined, caller.token)).status, 404);
});

describe('the table itself', () => {
  test('an Admin may do everything', () => {
    for (const { operation } of CASES) assert.equal(scopeOf(['Admin'], operation), 'all');
  });
  test('of several roles the furthest counts', () => {
    assert.equal(scopeOf(['Application_Provider', 'Organization_Admin'], 'service:read'), 'organization');
    assert.equal(scopeOf([], 'user:read'), 'own');
  });
  test('nobody gives a role that reaches further than his own', () => {
    assert.deepEqual(grantable(['Admin']), [...ROLES]);
    assert.deepEqual(grantable(['Organization_Admin']), ['Organization_Admin', 'Application_Provider']);
    assert.deepEqual(grantable([]), []);
  });
});
