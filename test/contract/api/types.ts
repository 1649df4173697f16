/** The types that Oakestra's clients insist on (its Go client refuses a whole answer for one wrong type). */
import assert from 'node:assert/strict';

type Kind = 'string' | 'integer' | 'number' | 'boolean' | 'strings' | 'points' | 'oid' | 'any';
export type Types = Readonly<Record<string, Kind>>;

/** Words that its Python client knows; any other is an error there. */
const STATUSES = new Set(
  `REQUESTED CLUSTER_SCHEDULED NODE_SCHEDULED TargetClusterNotFound TargetClusterNotActive TargetClusterNoCapacity
  NoActiveClusterWithCapacity NO_WORKER_CAPACITY NO_QUALIFIED_WORKER_FOUND NO_NODE_FOUND CREATING CREATED RUNNING FAILED
  DEAD COMPLETED UNDEPLOYED`.split(/\s+/),
);

export const APPLICATION: Types = {
  _id: 'oid',
  applicationID: 'string',
  application_name: 'string',
  application_namespace: 'string',
  application_desc: 'string',
  microservices: 'strings',
  userId: 'string',
};

export const SERVICE: Types = {
  _id: 'oid',
  microserviceID: 'string',
  applicationID: 'string',
  job_name: 'string',
  app_name: 'string',
  app_ns: 'string',
  microservice_name: 'string',
  microservice_namespace: 'string',
  image: 'string',
  code: 'string',
  virtualization: 'string',
  RR_ip: 'string',
  instance_list: 'any',
  next_instance_progressive_number: 'integer',
};

/** When they are there: a client's wish that was not sent stays away. */
export const SERVICE_OPTIONAL: Types = {
  memory: 'integer',
  vcpus: 'integer',
  vgpus: 'integer',
  port: 'string',
  environment: 'strings',
  cmd: 'strings',
  status: 'string',
  status_detail: 'string',
};

export const INSTANCE: Types = {
  instance_number: 'integer',
  host_port: 'integer',
  status: 'string',
  status_detail: 'string',
  publicip: 'string',
  cluster_id: 'string',
  cluster_location: 'string',
  host_ip: 'string',
  disk: 'string',
  cpu_percent: 'string',
  memory_percent: 'string',
  logs: 'string',
  worker_id: 'string',
  cpu_history: 'points',
  memory_history: 'points',
};

export const USER: Types = {
  _id: 'oid',
  name: 'string',
  email: 'string',
  roles: 'strings',
  created_at: 'string',
};

export const ORGANIZATION: Types = { _id: 'oid', name: 'string', member: 'any' };

/** @throws AssertionError naming the field */
export function assertTypes(value: unknown, types: Types): void {
  const object = value as Record<string, unknown>;
  for (const [field, kind] of Object.entries(types)) {
    assert.ok(isKind(object[field], kind), `${field} is ${JSON.stringify(object[field])}, not ${kind}`);
  }
}

export function assertOptionalTypes(value: object, types: Types): void {
  const given = Object.entries(types).filter(([field]) => field in value);
  assertTypes(value, Object.fromEntries(given));
}

export function assertService(value: unknown): void {
  assertTypes(value, SERVICE);
  assertOptionalTypes(value as object, SERVICE_OPTIONAL);
  const { instance_list } = value as { instance_list: { status: string }[] };
  for (const instance of instance_list) {
    assertTypes(instance, INSTANCE);
    assert.ok(STATUSES.has(instance.status), `${instance.status} is no word of Oakestra's`);
  }
}

/** A list without anything would prove nothing. */
export function assertServices(all: readonly unknown[]): void {
  assert.ok(all.length > 0, 'there is a service');
  all.forEach(assertService);
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'any') return value !== undefined;
  if (kind === 'integer') return Number.isInteger(value);
  if (kind === 'strings') return Array.isArray(value) && value.every(item => typeof item === 'string');
  if (kind === 'oid') return /^[0-9a-f]{24}$/.test(String((value as { $oid?: unknown } | undefined)?.$oid));
  if (kind === 'points') return Array.isArray(value) && value.every(isPoint);
  return typeof value === kind;
}

function isPoint(point: unknown): boolean {
  const { value, timestamp } = point as Record<string, unknown>;
  return typeof value === 'string' && typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp));
}
