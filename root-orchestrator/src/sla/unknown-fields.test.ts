import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlaSchema } from '@hedgerow/protos';
import { goodSla } from '@hedgerow/test/fixtures/bad-slas.ts';
import { unknownFields } from './unknown-fields.ts';

test('a field that the schema does not name is found, wherever it is', () => {
  assert.deepEqual(unknownFields(SlaSchema, goodSla()), []);
  const sla = goodSla();
  const [application] = sla.applications;
  const microservices = [
    { memmory: 5, addresses: { rrip: 'x' }, constraints: [{ type: 'geo', area: 'here' }] },
  ];
  const strange = { ...sla, note: '', applications: [{ ...application, constructor: 1, microservices }] };
  assert.deepEqual(unknownFields(SlaSchema, strange), [
    'applications.0.microservices.0.memmory',
    'applications.0.microservices.0.addresses.rrip',
    'applications.0.microservices.0.constraints.0.area',
    'applications.0.constructor',
    'note',
  ]);
});
