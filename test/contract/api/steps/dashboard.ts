/** The calls of Oakestra's dashboard: another origin, a preflight before each, slashes at the end. */
import assert from 'node:assert/strict';
import type { Step } from '../step.ts';
import { APPLICATION, assertService, assertServices, assertTypes, ORGANIZATION, USER } from '../types.ts';
import { formService, sla } from './slas.ts';

const PREFLIGHT = {
  Origin: 'http://dashboard.example',
  'Access-Control-Request-Headers': 'authorization,content-type',
};

const PATHS = ['application', 'service', 'clusters', 'users', 'organization', 'user', 'auth/login'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

/** Claims that the dashboard reads of a token, without checking it. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

const preflights: Step[] = PATHS.map(path => ({
  name: 'a preflight is answered where it is asked, not redirected',
  method: 'OPTIONS',
  path: `/api/${path}/`,
  headers: { ...PREFLIGHT, 'Access-Control-Request-Method': 'POST' },
  status: 204,
  check: (_: never, __, { headers }) => {
    for (const method of METHODS)
      assert.match(headers.get('access-control-allow-methods') ?? '', new RegExp(method));
    for (const header of ['authorization', 'content-type']) {
      assert.match(headers.get('access-control-allow-headers') ?? '', new RegExp(header, 'i'));
    }
  },
}));

type Tokens = { token: string; refresh_token: string };
type Created = { job_id: string; deployed_services: object[]; failed_services: object[] };

const session: Step[] = [
  {
    name: 'sign in with an organization: the claims that the dashboard reads',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'Admin', password: 'Admin', organization_name: 'root' },
    check: ({ token, refresh_token }: Tokens) => {
      for (const jwt of [token, refresh_token]) {
        const { sub, exp, roles, organization } = claimsOf(jwt);
        assert.equal(sub, 'Admin');
        assert.ok(Number(exp) > Date.now() / 1000);
        assert.ok((roles as string[]).includes('Admin'));
        assert.match(String(organization), /^[0-9a-f]{24}$/);
      }
    },
    save: ({ token, refresh_token }: Tokens) => ({
      boss: token,
      bossRefresh: refresh_token,
      rootOrganization: String(claimsOf(token).organization),
    }),
  },
  {
    name: 'a token that has run out is renewed',
    method: 'POST',
    path: '/api/auth/refresh',
    as: 'bossRefresh',
    body: {},
    check: ({ token }: Tokens) => assert.equal(claimsOf(token).sub, 'Admin'),
    save: ({ token }: Tokens) => ({ boss: token }),
  },
  {
    name: 'an access token renews nothing',
    method: 'POST',
    path: '/api/auth/refresh',
    as: 'boss',
    body: {},
    status: 401,
  },
  {
    name: 'a refresh token opens nothing else',
    method: 'GET',
    path: '/api/applications/',
    as: 'bossRefresh',
    status: 401,
  },
  {
    name: 'who am I',
    method: 'GET',
    path: '/api/user/Admin',
    as: 'boss',
    check: (user: object) => {
      assertTypes(user, USER);
      assert.ok(!('password' in user));
    },
    save: (user: { _id: { $oid: string } }) => ({ bossId: user._id.$oid }),
  },
  {
    name: 'my roles',
    method: 'GET',
    path: '/api/permission/Admin',
    as: 'boss',
    check: ({ roles }: { roles: string[] }) => assert.ok(roles.includes('Admin')),
  },
];

const applications: Step[] = [
  {
    name: 'add application: without services, the description may be missing',
    method: 'POST',
    path: '/api/application/',
    as: 'boss',
    body: {
      ...sla('board'),
      applications: [{ application_name: 'board', application_namespace: 'test', microservices: [] }],
    },
    save: (made: { applicationID: string }[]) => ({ board: made[0]?.applicationID ?? '' }),
  },
  {
    name: 'the applications of a user, by his id',
    method: 'GET',
    path: '/api/applications/:bossId',
    as: 'boss',
    check: (all: object[]) => {
      assert.ok(all.length > 0);
      for (const application of all) assertTypes(application, APPLICATION);
    },
  },
  {
    name: 'save a service of the form: empty strings and lists arrive',
    method: 'POST',
    path: '/api/service/',
    as: 'boss',
    body: saved => ({
      sla_version: 'v2.0',
      customerID: saved.get('rootOrganization'),
      applications: [
        {
          applicationID: saved.get('board'),
          application_name: 'board',
          application_namespace: 'test',
          application_desc: '',
          microservices: [formService('form')],
        },
      ],
    }),
    check: ({ job_id, deployed_services, failed_services }: Created) => {
      assert.match(job_id, /^[0-9a-f]{24}$/);
      assert.deepEqual([deployed_services.length, failed_services], [1, []]);
    },
    save: ({ job_id }: Created) => ({ form: job_id }),
  },
  {
    name: 'services of an application',
    method: 'GET',
    path: '/api/services/:board',
    as: 'boss',
    check: assertServices,
  },
  {
    name: 'deploy sends the whole service as its body',
    method: 'POST',
    path: '/api/service/:form/instance',
    as: 'boss',
    body: { _id: { $oid: 'x' }, microservice_name: 'form', instance_list: [] },
  },
  {
    name: 'instance details',
    method: 'GET',
    path: '/api/service/:form',
    as: 'boss',
    check: (body: { instance_list: object[] }) => {
      assertService(body);
      assert.equal(body.instance_list.length, 1);
    },
  },
  {
    name: 'edit: the whole application comes back with another description, its services as ids; nothing is lost',
    method: 'PUT',
    path: '/api/application/:board',
    as: 'boss',
    body: saved => ({
      _id: { $oid: saved.get('board') },
      applicationID: saved.get('board'),
      application_name: 'board',
      application_namespace: 'test',
      application_desc: 'new words',
      microservices: [saved.get('form')],
      userId: 'Admin',
    }),
  },
  {
    name: 'and it is as it was but for the words',
    method: 'GET',
    path: '/api/application/:board',
    as: 'boss',
    check: (application: { application_desc: string; microservices: string[]; userId: string }, saved) => {
      assert.equal(application.application_desc, 'new words');
      assert.deepEqual(application.microservices, [saved.get('form')]);
      assert.equal(application.userId, 'Admin');
    },
  },
  {
    name: 'its service is there, too',
    method: 'GET',
    path: '/api/service/:form',
    as: 'boss',
    check: assertService,
  },
  { name: 'delete an instance', method: 'DELETE', path: '/api/service/:form/instance/0', as: 'boss' },
  { name: 'delete a service', method: 'DELETE', path: '/api/service/:form', as: 'boss' },
  { name: 'delete an application', method: 'DELETE', path: '/api/application/:board', as: 'boss' },
  { name: 'available clusters', method: 'GET', path: '/api/clusters/', as: 'boss' },
];

type Person = { _id: { $oid: string }; name: string; roles: string[] };

const people: Step[] = [
  {
    name: 'create a user: an empty _id comes along',
    method: 'POST',
    path: '/api/auth/register',
    as: 'boss',
    body: {
      _id: { $oid: '' },
      created_at: '21/11/2026 12:00',
      email: 'eve@example.org',
      password: 'nine and more',
      roles: ['Application_Provider'],
      name: 'eve',
    },
    check: (user: Person) => assertTypes(user, USER),
    save: ({ _id }: Person) => ({ eveId: _id.$oid }),
  },
  {
    name: 'all users',
    method: 'GET',
    path: '/api/users/',
    as: 'boss',
    check: (all: Person[]) => {
      for (const user of all) assertTypes(user, USER);
      assert.deepEqual(all.find(({ name }) => name === 'eve')?.roles, ['Application_Provider']);
    },
  },
  {
    name: 'users of an organization',
    method: 'GET',
    path: '/api/users/:rootOrganization',
    as: 'boss',
    check: (all: Person[]) => assert.ok(all.some(({ name }) => name === 'eve')),
  },
  {
    name: 'edit: the whole user comes back, no password with it',
    method: 'PUT',
    path: '/api/user/eve',
    as: 'boss',
    body: saved => ({
      _id: { $oid: saved.get('eveId') },
      created_at: '21/11/2026 12:01',
      email: 'eve@example.com',
      roles: ['Application_Provider', 'Infrastructure_Provider'],
      name: 'eve',
    }),
  },
  {
    name: 'her password still is what it was',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'eve', password: 'nine and more' },
    save: ({ token }: Tokens) => ({ eve: token }),
  },
  {
    name: 'she may change it',
    method: 'POST',
    path: '/api/user/eve',
    as: 'eve',
    body: { oldPassword: 'nine and more', newPassword: 'something longer' },
  },
  {
    name: 'the old one is worth nothing',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'eve', password: 'nine and more' },
    status: 401,
  },
  { name: 'nor are the tokens of before', method: 'GET', path: '/api/user/eve', as: 'eve', status: 401 },
  {
    name: 'the new one is',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'eve', password: 'something longer' },
    save: ({ token }: Tokens) => ({ eve: token }),
  },
  {
    name: 'organizations',
    method: 'GET',
    path: '/api/organization/',
    as: 'boss',
    check: (all: object[]) => {
      assert.ok(all.length > 0);
      for (const one of all) assertTypes(one, ORGANIZATION);
    },
  },
  {
    name: 'create: a JSON string whose text is JSON, as the dashboard needs it',
    method: 'POST',
    path: '/api/organization/',
    as: 'boss',
    body: { name: 'newOrganization', member: [] },
    check: (body: string) => assert.match(JSON.parse(body) as string, /^[0-9a-f]{24}$/),
    save: (body: string) => ({ org: JSON.parse(body) as string }),
  },
  {
    name: 'rename and add a member: the whole object comes back',
    method: 'PUT',
    path: '/api/organization/:org',
    as: 'boss',
    body: saved => ({
      _id: { $oid: saved.get('org') },
      name: 'shops',
      member: [{ user_id: saved.get('eveId'), roles: ['Organization_Admin'] }],
    }),
  },
  {
    name: 'she is its admin when she logs in to it',
    method: 'POST',
    path: '/api/auth/login',
    body: { username: 'eve', password: 'something longer', organization_name: 'shops' },
    check: ({ token }: Tokens, saved) => {
      assert.deepEqual(claimsOf(token).roles, ['Organization_Admin']);
      assert.equal(claimsOf(token).organization, saved.get('org'));
    },
  },
  {
    name: 'no member any more',
    method: 'PUT',
    path: '/api/organization/:org',
    as: 'boss',
    body: saved => ({ _id: { $oid: saved.get('org') }, name: 'shops', member: [] }),
  },
  { name: 'delete an organization', method: 'DELETE', path: '/api/organization/:org', as: 'boss' },
  { name: 'delete a user', method: 'DELETE', path: '/api/user/eve', as: 'boss' },
  { name: 'her token is worth nothing', method: 'GET', path: '/api/clusters', as: 'eve', status: 200 },
  { name: 'her token is worth nothing', method: 'GET', path: '/api/applications', as: 'eve', status: 401 },
];

export const DASHBOARD: readonly Step[] = [...preflights, ...session, ...applications, ...people];
