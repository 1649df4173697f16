import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlaApplication } from '@hedgerow/protos';
import { microservice, sla } from '../testing/slas.ts';
import { compileApplications } from './compile.ts';

const OWNER = { name: 'ada', organization: '00000000000000000000000a' };

function counter(): (count: number) => string[] {
  let next = 0;
  return count =>
    Array.from({ length: count }, () => {
      next += 1;
      return `id${next}`;
    });
}

test('an SLA becomes applications and services that know each other', () => {
  const descriptor = sla(
    'shop',
    microservice('web', { addresses: { rr_ip: '10.30.1.2' } }),
    microservice('db'),
  );
  const { applications, services } = compileApplications(descriptor.applications, OWNER, counter());
  assert.deepEqual(
    applications.map(({ document, path }) => [document.id, document.owner, document.application_name, path]),
    [['id1', 'ada', 'shop', 'applications.0']],
  );
  assert.deepEqual(
    services.map(({ document, wish, path }) => [
      document.id,
      document.application_id,
      document.job_name,
      wish,
      path,
    ]),
    [
      ['id2', 'id1', 'shop.test.web.test', '10.30.1.2', 'applications.0.microservices.0'],
      ['id3', 'id1', 'shop.test.db.test', undefined, 'applications.0.microservices.1'],
    ],
  );
});

test('container is docker, an empty rr_ip is none, what is unknown is kept', () => {
  const strange = { ...microservice('b', { addresses: { rr_ip: '' } }), unknown: [1] };
  const [application] = sla('a', strange).applications as [SlaApplication];
  const more = { ...application, colour: 'red', _id: 'x', action: 'y' };
  const { applications, services } = compileApplications([more], OWNER, counter());
  assert.deepEqual(applications[0]?.document.extra, { colour: 'red' });
  assert.equal(applications[0]?.document.application_desc, '');
  assert.equal(services[0]?.wish, undefined);
  assert.deepEqual(services[0]?.document.microservice, { ...strange, virtualization: 'docker' });
});
