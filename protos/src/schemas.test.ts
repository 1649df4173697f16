import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RegisterRequestSchema } from './cluster-api.ts';
import { EventSchema } from './events.ts';
import * as rootApi from './root-api.ts';
import { type Sla, SlaSchema } from './sla.ts';

const schemas = {
  SlaSchema,
  RegisterRequestSchema,
  EventSchema,
  ...Object.fromEntries(Object.entries(rootApi).filter(([name]) => name.endsWith('Schema'))),
};

/** Strict, so that a misspelt keyword is an error and not a rule that never applies. */
const ajv = () => new Ajv2020({ strict: true, allErrors: true, formats: { ipv4: /^\d+(\.\d+){3}$/ } });

for (const [name, schema] of Object.entries(schemas))
  test(`${name} is a JSON Schema of draft 2020-12, as it goes into the OpenAPI document`, () => {
    const plain = JSON.parse(JSON.stringify(schema));
    assert.equal(ajv().validateSchema(plain), true);
    assert.doesNotThrow(() => ajv().compile(plain));
  });

const accepts = ajv().compile<Sla>(SlaSchema);
const problems = (sla: unknown): string[] =>
  accepts(sla) ? [] : (accepts.errors ?? []).map(error => `${error.instancePath} ${error.keyword}`);

/** The documented example of Oakestra 0.4, as it stands. */
const seed = () => ({
  sla_version: 'v2.0',
  customerID: 'Admin',
  applications: [
    {
      applicationID: '',
      application_name: 'clientsrvr',
      application_namespace: 'test',
      application_desc: 'Simple demo with curl client and Nginx server',
      microservices: [
        {
          microserviceID: '',
          microservice_name: 'curl',
          microservice_namespace: 'test',
          virtualization: 'container',
          cmd: ['sh', '-c', 'tail -f /dev/null'],
          memory: 100,
          vcpus: 1,
          vgpus: 0,
          vtpus: 0,
          bandwidth_in: 0,
          bandwidth_out: 0,
          storage: 0,
          code: 'docker.io/curlimages/curl:7.82.0',
          state: '',
          port: '9080',
          added_files: [],
        },
        {
          microserviceID: '',
          microservice_name: 'nginx',
          microservice_namespace: 'test',
          virtualization: 'container',
          cmd: [],
          memory: 100,
          vcpus: 1,
          vgpus: 0,
          vtpus: 0,
          bandwidth_in: 0,
          bandwidth_out: 0,
          storage: 0,
          code: 'docker.io/library/nginx:latest',
          state: '',
          port: '6080:60/tcp',
          addresses: { rr_ip: '10.30.30.30' },
          constraints: [{ type: 'direct', node: 'xavier1', cluster: 'gpu' }],
          added_files: [],
        },
      ],
    },
  ],
});

for (const version of ['v2.0', 'v0.2'])
  test(`the documented descriptor is accepted as ${version}`, () => {
    assert.deepEqual(problems({ ...seed(), sla_version: version }), []);
  });

test('unknown fields are let through at every level', () => {
  const sla = seed();
  const [application] = sla.applications;
  Object.assign(sla, { tenant: 'x' });
  Object.assign(application ?? {}, { colour: 'green' });
  Object.assign(application?.microservices[1]?.addresses ?? {}, { closest_ip: '' });
  assert.deepEqual(problems(sla), []);
});

type Service = Record<string, unknown>;
const REFUSED: [string, (service: Service) => void, string][] = [
  ['no name', service => delete service.microservice_name, 'required'],
  ['a name with a dot', service => (service.microservice_name = 'a.b'), '/microservice_name pattern'],
  [
    'a name of 31 letters',
    service => (service.microservice_name = 'a'.repeat(31)),
    '/microservice_name pattern',
  ],
  ['no image', service => (service.code = ''), '/code minLength'],
  ['a runtime nobody has', service => (service.virtualization = 'vm'), '/virtualization enum'],
  ['negative memory', service => (service.memory = -1), '/memory minimum'],
  ['half a core', service => (service.vcpus = 0.5), '/vcpus type'],
  ['memory as text', service => (service.memory = '100'), '/memory type'],
  ['a port as a number', service => (service.port = 80), '/port type'],
  ['a command as text', service => (service.cmd = 'sh'), '/cmd type'],
  ['a variable without a value', service => (service.environment = ['A']), '/environment/0 pattern'],
  ['an address list', service => (service.addresses = ['10.30.0.1']), '/addresses type'],
  ['a restart policy nobody has', service => (service.restart = { policy: 'x' }), '/restart/policy enum'],
  ['a check nobody has', service => (service.health_check = { type: 'x' }), '/health_check/type enum'],
  ['half a grace', service => (service.on_cluster_loss = { grace: 0.5 }), '/on_cluster_loss/grace type'],
  ['a constraint without a type', service => (service.constraints = [{}]), '/constraints/0 required'],
];

for (const [title, spoil, problem] of REFUSED)
  test(`refused, and the place is named: ${title}`, () => {
    const sla = seed();
    spoil(sla.applications[0]?.microservices[0] as Service);
    const found = problems(sla);
    const [only = ''] = found;
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.ok(only.startsWith('/applications/0/microservices/0') && only.endsWith(problem), only);
  });

test('a variable may hold "=", a newline, or nothing behind the "="', () => {
  const sla = seed();
  const [service] = sla.applications[0]?.microservices ?? [];
  Object.assign(service ?? {}, { environment: ['A=b=c', 'EMPTY=', 'TEXT=one\ntwo'] });
  assert.deepEqual(problems(sla), []);
});

test('a service may say how it is restarted, checked, and what follows when its cluster is lost', () => {
  const sla = seed();
  const [service] = sla.applications[0]?.microservices ?? [];
  Object.assign(service ?? {}, {
    restart: { policy: 'on-failure', attempts: 5 },
    health_check: {
      type: 'http',
      port: 80,
      path: '/ready',
      interval: 2,
      timeout: 1,
      retries: 2,
      start_period: 5,
    },
    on_cluster_loss: { action: 'replace', grace: 0 },
  });
  assert.deepEqual(problems(sla), []);
});

test('another version of the format is refused', () => {
  assert.deepEqual(problems({ ...seed(), sla_version: 'v3.0' }), ['/sla_version enum']);
});
