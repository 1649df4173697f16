/** Services and instances: what Oakestra answers with 400 for everything, 500 or a false 200, and what is right. */
import assert from 'node:assert/strict';
import type { Step } from '../../step.ts';
import { service, sla } from '../slas.ts';

/** The form of an id, and nobody's. */
const UNKNOWN = '0123456789abcdef01234567';

export const SERVICES: readonly Step[] = [
  {
    name: 'no application',
    method: 'POST',
    path: '/api/service',
    as: 'admin',
    body: sla('once', ['b']),
    status: 422,
    paths: ['applications.0.applicationID'],
  },
  {
    name: 'an unknown application',
    method: 'POST',
    path: '/api/service',
    as: 'admin',
    body: sla('once', ['b'], { applicationID: UNKNOWN }),
    status: 404,
    error: 'APPLICATION_UNKNOWN',
  },
  { name: 'nothing', method: 'POST', path: '/api/service', as: 'admin', body: {}, status: 422 },
  {
    name: 'the same name again: what is there stays',
    method: 'POST',
    path: '/api/service',
    as: 'admin',
    body: saved => sla('once', ['a'], { applicationID: saved.get('once') }),
    status: 409,
    error: 'SERVICE_EXISTS',
  },
  {
    name: 'one good, one bad: neither is made',
    method: 'POST',
    path: '/api/service',
    as: 'admin',
    body: saved =>
      sla('once', [], {
        applicationID: saved.get('once'),
        microservices: [service('c'), service('no-dashes')],
      }),
    status: 422,
    paths: ['applications.0.microservices.1.microservice_name'],
  },
  {
    name: 'still one',
    method: 'GET',
    path: '/api/services/:once',
    as: 'admin',
    check: (all: unknown[]) => assert.equal(all.length, 1),
  },
  { name: 'unknown', method: 'GET', path: `/api/service/${UNKNOWN}`, as: 'admin', status: 404 },
  {
    name: 'unknown',
    method: 'DELETE',
    path: `/api/service/${UNKNOWN}`,
    as: 'admin',
    status: 404,
    error: 'SERVICE_UNKNOWN',
  },
  {
    name: 'of an unknown application',
    method: 'GET',
    path: `/api/services/${UNKNOWN}`,
    as: 'admin',
    status: 404,
    error: 'APPLICATION_UNKNOWN',
  },
  {
    name: 'instance of an unknown service',
    method: 'POST',
    path: `/api/service/${UNKNOWN}/instance`,
    as: 'admin',
    status: 404,
    error: 'SERVICE_UNKNOWN',
  },
  {
    name: 'instance without a number',
    method: 'DELETE',
    path: '/api/service/:onceA/instance/first',
    as: 'admin',
    status: 422,
  },
  {
    name: 'instance that never was',
    method: 'DELETE',
    path: '/api/service/:onceA/instance/7',
    as: 'admin',
    status: 404,
    error: 'INSTANCE_UNKNOWN',
  },
  {
    name: 'instance that never was',
    method: 'GET',
    path: '/api/service/:onceA/instance/7',
    as: 'admin',
    status: 404,
    error: 'INSTANCE_UNKNOWN',
  },
  {
    name: 'update of an unknown service',
    method: 'PUT',
    path: `/api/service/${UNKNOWN}`,
    as: 'admin',
    body: saved => sla('once', ['a'], { applicationID: saved.get('once') }),
    status: 404,
    error: 'SERVICE_UNKNOWN',
  },
];
