/** Paths, methods and query strings. */
import assert from 'node:assert/strict';
import type { Step } from '../../step.ts';

export const PATHS: readonly Step[] = [
  { name: 'nothing there', method: 'GET', path: '/api/v1/info', status: 404, error: 'PATH_UNKNOWN' },
  {
    name: 'no such method',
    method: 'PUT',
    path: '/api/clusters',
    body: {},
    status: 405,
    error: 'METHOD_NOT_ALLOWED',
  },
  {
    name: 'a limit that is none',
    method: 'GET',
    path: '/api/services?limit=many',
    as: 'admin',
    status: 422,
    paths: ['limit'],
  },
  {
    name: 'a part of a list',
    method: 'GET',
    path: '/api/services?limit=1',
    as: 'admin',
    check: (all: unknown[]) => assert.equal(all.length, 1),
  },
];
