/** Applications: what Oakestra answers with 500, 501 or a false 200, and what is right. */
import assert from 'node:assert/strict';
import type { Step } from '../../step.ts';
import { sla } from '../slas.ts';

/** The form of an id, and nobody's. */
const UNKNOWN = '0123456789abcdef01234567';

export const APPLICATIONS: readonly Step[] = [
  {
    name: 'no body',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    status: 400,
    error: 'BODY_MISSING',
  },
  {
    name: 'no version',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: { customerID: 'x', applications: [] },
    status: 422,
    paths: ['sla_version'],
  },
  {
    name: 'an old version',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: { ...sla('old'), sla_version: 'v1.0' },
    status: 422,
    paths: ['sla_version'],
  },
  {
    name: 'made',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: sla('once', ['a']),
    save: (made: { applicationID: string; microservices: string[] }[]) => ({
      once: made[0]?.applicationID ?? '',
      onceA: made[0]?.microservices[0] ?? '',
    }),
  },
  {
    name: 'made twice',
    method: 'POST',
    path: '/api/application',
    as: 'admin',
    body: sla('once', ['b']),
    status: 409,
    error: 'APPLICATION_EXISTS',
    paths: ['applications.0.application_name'],
  },
  { name: 'unknown', method: 'GET', path: `/api/application/${UNKNOWN}`, as: 'admin', status: 404 },
  { name: 'no id', method: 'DELETE', path: '/api/application/x', as: 'admin', status: 404 },
  {
    name: 'unknown',
    method: 'DELETE',
    path: `/api/application/${UNKNOWN}`,
    as: 'admin',
    status: 404,
    error: 'APPLICATION_UNKNOWN',
  },
  {
    name: 'unknown',
    method: 'PUT',
    path: `/api/application/${UNKNOWN}`,
    as: 'admin',
    body: { application_desc: 'x' },
    status: 404,
    error: 'APPLICATION_UNKNOWN',
  },
  { name: 'no body', method: 'PUT', path: '/api/application/:once', as: 'admin', status: 400 },
  {
    name: 'another name',
    method: 'PUT',
    path: '/api/application/:once',
    as: 'admin',
    body: { application_name: 'twice' },
    status: 422,
    paths: ['application_name'],
  },
  {
    name: 'missing keys are left as they are',
    method: 'PUT',
    path: '/api/application/:once',
    as: 'admin',
    body: { application_desc: 'words' },
  },
  {
    name: 'not null',
    method: 'GET',
    path: '/api/application/:once',
    as: 'admin',
    check: (a: { application_name: string; microservices: string[] }, saved) =>
      assert.deepEqual([a.application_name, a.microservices], ['once', [saved.get('onceA')]]),
  },
];
