/** Checks of what the Node Engine sends, by either way. Every wrong field is named. */
import { type FieldError, parseIpv4 } from '@hedgerow/common';
import {
  type AttachRequest,
  type DetachRequest,
  FIRST_WORKER_SUBNET,
  isJobName,
  LAST_WORKER_SUBNET,
  type NetRegistration,
  type TableEntry,
} from '@hedgerow/protos';
import { badRequest } from './errors.ts';
import { isWorkerSubnet } from './table/addresses.ts';

type Check = (value: unknown, path: string) => FieldError[];

export function checkRegistration(value: unknown): asserts value is NetRegistration {
  refuse(registration(value, ''));
}

export function checkAttach(value: unknown): asserts value is AttachRequest {
  refuse(attach(value, ''));
}

export function checkDetach(value: unknown): asserts value is DetachRequest {
  refuse(detach(value, ''));
}

export function checkEntries(value: unknown): asserts value is TableEntry[] {
  refuse(list(entry)(value, 'entries'));
}

export function checkEntry(value: unknown): asserts value is TableEntry {
  refuse(entry(value, ''));
}

/** @throws BAD_REQUEST with at most twenty of the wrong fields: a whole table may be wrong in the same place */
function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw badRequest(errors.slice(0, 20));
}

const text = rule(value => typeof value === 'string', 'a string');
const whole = (min: number, max: number) =>
  rule(
    value => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    `a whole number from ${min} to ${max}`,
  );
const port = whole(1, 65_535);
const ipv4 = rule(value => typeof value === 'string' && parseIpv4(value) !== null, 'an IPv4 address');
const subnet = rule(
  value => typeof value === 'string' && isWorkerSubnet(value),
  `the first address of a /26 from ${FIRST_WORKER_SUBNET} to ${LAST_WORKER_SUBNET}`,
);
const jobName = rule(
  value => typeof value === 'string' && isJobName(value),
  'app.app_ns.service.service_ns, each of 1 to 30 letters and digits',
);
/** Linux: /proc/sys/kernel/pid_max is at most 2^22. */
const pid = whole(1, 2 ** 22);
const instanceNumber = whole(0, 2 ** 31 - 1);

const registration = object({
  client_id: rule(value => typeof value === 'string' && value !== '', 'the id of the worker'),
  subnet,
  public_address: ipv4,
  tunnel_port: port,
});

const detach = object({ serviceName: jobName, instanceNumber });
const attach = object({ pid, serviceName: jobName, instanceNumber, portMappings: text });

/** Addresses of other workers are checked one by one where they are used, so that one bad worker hides no other. */
const instance = object({
  instance_number: instanceNumber,
  instance_ip: text,
  namespace_ip: text,
  host_ip: text,
  host_port: whole(0, 65_535),
  worker_id: text,
  worker_subnet: text,
});

const entry = object({
  job_name: jobName,
  service_ip: text,
  instances: list(instance),
  removed: rule(value => typeof value === 'boolean', 'true or false'),
});

function rule(holds: (value: unknown) => boolean, allowed: string): Check {
  return (found, path) => (holds(found) ? [] : [{ path, found, allowed }]);
}

function object(fields: Record<string, Check>): Check {
  return (found, path) => {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) {
      return [{ path: path || 'body', found, allowed: 'an object' }];
    }
    return Object.entries(fields).flatMap(([key, check]) =>
      check((found as Record<string, unknown>)[key], path ? `${path}.${key}` : key),
    );
  };
}

function list(item: Check): Check {
  return (found, path) =>
    Array.isArray(found)
      ? found.flatMap((value, index) => item(value, `${path}.${index}`))
      : [{ path, found, allowed: 'a list' }];
}
