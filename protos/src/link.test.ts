import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSync, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import * as link from './link.ts';

const definition = loadSync(link.linkProtoPath(), link.LINK_LOADER_OPTIONS);

interface Field {
  name: string;
  type: string;
  label: string;
}

const fieldsOf = (message: string): Field[] => {
  const found = definition[`hedgerow.link.v1.${message}`] as
    | MessageTypeDefinition<object, object>
    | undefined;
  assert.ok(found, `${message} is in the .proto`);
  return (found.type as { field: Field[] }).field;
};

/** One value per message; `satisfies Required<…>` makes the compiler ask for every key of the type. */
const constraint = { type: 'direct', cluster: 'lab', node: 'a;b' } satisfies Required<link.DirectConstraint>;
const reference = { service_id: 's', instance_number: 3 } satisfies Required<link.InstanceRef>;

const service = {
  service_id: 's',
  job_name: 'a.b.c.d',
  application_id: 'a',
  app_name: 'a',
  app_ns: 'b',
  service_name: 'c',
  service_ns: 'd',
  service_ip: '10.30.30.30',
  image: 'hedgerow/demo:1',
  cmd: ['sh', '-c', ''],
  environment: ['A=b'],
  port: '80',
  virtualization: 'container',
  memory: 100,
  vcpus: 1,
  vgpus: 2,
  storage: 3,
  one_shot: true,
  privileged: true,
  constraints: [constraint],
  arch: ['arm64'],
  restart: { policy: 'on-failure', attempts: 3 },
  health_check: {
    type: 'http',
    port: 80,
    path: '/health',
    command: ['true'],
    interval: 1,
    timeout: 2,
    retries: 3,
    start_period: 4,
  },
} satisfies Required<link.ServiceSpec>;

const report = {
  ...reference,
  generation: 1,
  epoch: 2,
  status: 'RUNNING',
  status_detail: 'runs',
  worker_id: 'w',
  host_ip: '192.0.2.1',
  host_port: 50103,
  namespace_ip: '10.18.0.2',
  worker_subnet: '10.18.0.0',
  cpu_percent: '1.5',
  memory_percent: '2',
  disk: '3',
  logs: 'hello',
  moves: [{ at: 1_790_000_000_123, tier: 'worker', status: 'RUNNING', detail: 'runs', worker_id: 'w' }],
  withdrawn: true,
  instance_ip: '10.30.0.4',
} satisfies Required<link.InstanceReport>;

const aggregate = {
  active_nodes: 2,
  cpu_percent: 12.5,
  memory_percent: 50,
  vcpus: 8,
  memory: 16000,
  free_vcpus: 6.5,
  free_memory: 9000,
  largest_free_vcpus: 3.5,
  largest_free_memory: 5000,
  vgpus: 1,
  virtualization: ['container'],
  architecture: ['amd64'],
  workers: ['a', 'b'],
} satisfies Required<link.Aggregate>;

const tableInstance = {
  instance_number: 3,
  instance_ip: '10.30.0.1',
  namespace_ip: '10.18.0.2',
  host_ip: '192.0.2.1',
  host_port: 50103,
  worker_id: 'w',
  worker_subnet: '10.18.0.0',
  cluster_id: 'c',
} satisfies Required<link.TableInstance>;

const tableEntry = {
  job_name: 'a.b.c.d',
  application_id: 'a',
  service_ip: '10.30.30.30',
  instances: [tableInstance],
  removed: true,
} satisfies Required<link.TableEntry>;

const place = {
  attempt_id: 'p',
  request_id: 'r',
  service,
  instance_number: 3,
  instance_ip: '10.30.0.1',
  generation: 1,
  epoch: 5,
} satisfies Required<link.Place>;

const answer = {
  attempt_id: 'p',
  accepted: true,
  worker_id: 'w',
  status: 'NO_WORKER_CAPACITY',
  status_detail: 'no worker has 4 cores',
} satisfies Required<link.PlaceAnswer>;

const hello = {
  cluster_name: 'lab',
  cluster_location: '48,11,1000',
  port: 10100,
  instances: [report],
  address: '192.0.2.9',
  subnets: [{ worker_id: 'w', subnet: '10.18.0.0' }],
  epoch: 4,
  listed: true,
  instances_digest: 4_000_000_000,
  subnets_digest: 6,
  table_digest: 7,
} satisfies Required<link.Hello>;

const up = {
  hello,
  aggregate,
  reports: { reports: [report] },
  place_answer: answer,
  subnet_claim: { claim_id: 'r', worker_id: 'w' },
  subnet_release: { worker_id: 'w' },
  table_query: { service_ip: '10.30.30.30', job_name: 'a.b.c.d' },
  log_chunk: { stream_id: 's', lines: ['hello'], lost: 2, end: true, error: 'gone' },
  list: { instances: [report], subnets: [{ worker_id: 'w', subnet: '10.18.0.0' }] },
} satisfies Required<Omit<link.FromCluster, 'body'>>;

const down = {
  welcome: { cluster_id: 'c', epoch: 4, send_list: true, table_known: true },
  place,
  remove: { ...reference, request_id: 'r' },
  subnet_grant: { claim_id: 'r', subnet: '10.18.0.0', error: 'none left', worker_id: 'w' },
  table_entry: tableEntry,
  refused: { code: 'NOT_LEADING', message: 'no', leader: '192.0.2.8:10000' },
  log_request: { ...reference, stream_id: 's', follow: true, tail: 10, request_id: 'r', again: true },
  log_stop: { stream_id: 's' },
} satisfies Required<Omit<link.FromRoot, 'body'>>;

const MESSAGES: Record<string, object> = {
  FromCluster: up,
  FromRoot: down,
  Hello: hello,
  Welcome: down.welcome,
  Refused: down.refused,
  Aggregate: aggregate,
  ServiceSpec: service,
  DirectConstraint: constraint,
  Place: place,
  PlaceAnswer: answer,
  Remove: down.remove,
  InstanceReports: up.reports,
  InstanceReport: report,
  SubnetClaim: up.subnet_claim,
  SubnetGrant: down.subnet_grant,
  SubnetRelease: up.subnet_release,
  TableQuery: up.table_query,
  TableEntry: tableEntry,
  TableInstance: tableInstance,
  SubnetHold: hello.subnets[0] as object,
  LogRequest: down.log_request,
  LogStop: down.log_stop,
  LogChunk: up.log_chunk,
  InstanceList: up.list,
  Move: report.moves[0] as object,
  RestartPolicy: service.restart,
  HealthCheck: service.health_check,
};

test('every message of the .proto is compared here', () => {
  const messages = Object.keys(definition).filter(name => 'type' in (definition[name] as object));
  assert.deepEqual(
    messages.sort(),
    Object.keys(MESSAGES)
      .map(name => `hedgerow.link.v1.${name}`)
      .sort(),
  );
});

for (const [message, value] of Object.entries(MESSAGES))
  test(`${message}: the .proto and the TypeScript type have the same fields of the same kind`, () => {
    const fields = fieldsOf(message);
    assert.deepEqual(fields.map(field => field.name).sort(), Object.keys(value).sort());
    for (const field of fields) {
      const sample = (value as Record<string, unknown>)[field.name];
      const repeated = field.label === 'LABEL_REPEATED';
      assert.equal(Array.isArray(sample), repeated, field.name);
      assert.equal(kindOf(field), typeof (repeated ? (sample as unknown[])[0] : sample), field.name);
    }
  });

const connect = (definition[link.LINK_SERVICE] as ServiceDefinition).Connect;

test('the service has one method, a stream each way', () => {
  assert.ok(connect);
  assert.deepEqual(Object.keys(definition[link.LINK_SERVICE] as object), ['Connect']);
  assert.equal(connect.requestStream && connect.responseStream, true);
});

for (const [body, value] of Object.entries(up))
  test(`up: ${body} arrives as the type says, and alone`, () => {
    assert.ok(connect);
    const arrived = connect.requestDeserialize(connect.requestSerialize({ [body]: value }));
    assert.deepEqual(plain(arrived), { [body]: value, body });
  });

for (const [body, value] of Object.entries(down))
  test(`down: ${body} arrives as the type says, and alone`, () => {
    assert.ok(connect);
    const arrived = connect.responseDeserialize(connect.responseSerialize({ [body]: value }));
    assert.deepEqual(plain(arrived), { [body]: value, body });
  });

test('what the sender left out arrives as its default, so that no reader meets undefined', () => {
  assert.ok(connect);
  const arrived = connect.requestDeserialize(connect.requestSerialize({ reports: { reports: [{}] } }));
  const [empty] = (plain(arrived) as { reports: { reports: [Record<string, unknown>] } }).reports.reports;
  assert.deepEqual(Object.keys(empty).sort(), Object.keys(report).sort());
  assert.equal(empty.namespace_ip, '');
  assert.equal(empty.instance_number, 0);
});

test('beside a bundle the .proto is looked for in the assets', () => {
  assert.equal(link.linkProtoPath('/opt/hedgerow/assets'), '/opt/hedgerow/assets/cluster-link.proto');
});

function kindOf(field: Field): string {
  if (field.type === 'TYPE_STRING') return 'string';
  if (field.type === 'TYPE_BOOL') return 'boolean';
  return field.type === 'TYPE_MESSAGE' ? 'object' : 'number';
}

/** protobuf.js makes objects of its own classes. */
function plain(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}
