import {
  type DeletePayload,
  type DeployPayload,
  isJobName,
  type LogsPayload,
  MOST_TAIL,
  type RegisterPayload,
  type TableEntry,
  type TableInstance,
  type TablePayload,
} from '@hedgerow/protos';
import { bad, type Fields, fieldsOf, readFields } from './fields.ts';
import { recoveryOf } from './recovery.ts';

/** @throws BAD_MESSAGE naming the field */
export function parseDeploy(topic: string, payload: Buffer): DeployPayload {
  const f = readFields(topic, payload);
  const serviceId = f.text('service_id', f.text('_id', ''));
  return {
    _id: serviceId,
    service_id: serviceId,
    job_name: jobName(topic, f),
    instance_number: f.count('instance_number'),
    instance_ip: f.text('instance_ip', ''),
    generation: f.count('generation', 0),
    epoch: f.count('epoch', 0),
    image: filled(topic, f, 'image'),
    cmd: f.words('cmd'),
    environment: f.words('environment'),
    port: f.text('port', ''),
    memory: f.count('memory', 0),
    vcpus: f.amount('vcpus', 0),
    vgpus: f.count('vgpus', 0),
    storage: f.count('storage', 0),
    virtualization: f.text('virtualization', 'docker'),
    one_shot: f.flag('one_shot'),
    privileged: f.flag('privileged'),
    constraints: [],
    arch: f.words('arch'),
    ...recoveryOf(topic, f),
    request_id: f.text('request_id', ''),
    ...names(f),
  };
}

function names(f: Fields) {
  return {
    application_id: f.text('application_id', ''),
    app_name: f.text('app_name', ''),
    app_ns: f.text('app_ns', ''),
    service_name: f.text('service_name', ''),
    service_ns: f.text('service_ns', ''),
    service_ip: f.text('service_ip', ''),
  };
}

/** @throws BAD_MESSAGE naming the field */
export function parseDelete(topic: string, payload: Buffer): DeletePayload {
  const f = readFields(topic, payload);
  return {
    service_id: f.text('service_id', ''),
    job_name: jobName(topic, f),
    instance_number: f.count('instance_number'),
    virtualization: f.text('virtualization', 'docker'),
    request_id: f.text('request_id', ''),
  };
}

/** @throws BAD_MESSAGE naming the field */
export function parseLogs(topic: string, payload: Buffer): LogsPayload {
  const f = readFields(topic, payload);
  return {
    stream_id: filled(topic, f, 'stream_id'),
    service_id: f.text('service_id', ''),
    instance_number: f.count('instance_number', 0),
    follow: f.flag('follow'),
    tail: Math.min(f.count('tail', 0), MOST_TAIL),
    request_id: f.text('request_id', ''),
    again: f.flag('again'),
    stop: f.flag('stop'),
  };
}

/** @throws BAD_MESSAGE naming the field */
export function parseRegister(topic: string, payload: Buffer): RegisterPayload {
  return { subnet: filled(topic, readFields(topic, payload), 'subnet') };
}

/** @throws BAD_MESSAGE naming the field */
export function parseTable(topic: string, payload: Buffer): Required<TablePayload> {
  const fields = readFields(topic, payload);
  return {
    entries: fields
      .objects('entries')
      .map(entry => tableEntry(fieldsOf(`${topic} entries`, entry), 'job_name', 'instances', topic)),
    part: fields.count('part', 0),
    parts: fields.count('parts', 1),
  };
}

/** The answer to a query, in Oakestra's shape. @throws BAD_MESSAGE naming the field */
export function parseTableResult(topic: string, payload: Buffer): TableEntry {
  return tableEntry(readFields(topic, payload), 'app_name', 'instance_list', topic);
}

/** What the Net Manager would refuse is refused here: it would be told again and again, and nothing else meanwhile. */
function tableEntry(f: Fields, name: string, list: string, topic: string): TableEntry {
  return {
    job_name: jobName(topic, f, name),
    application_id: f.text('application_id', ''),
    service_ip: f.text('service_ip', ''),
    removed: f.flag('removed'),
    instances: f.objects(list).map(item => tableInstance(fieldsOf(`${topic} ${list}`, item))),
  };
}

function tableInstance(f: Fields): TableInstance {
  return {
    instance_number: upTo(f, 'instance_number', 2 ** 31 - 1),
    instance_ip: f.text('instance_ip', ''),
    namespace_ip: f.text('namespace_ip', ''),
    host_ip: f.text('host_ip', ''),
    host_port: upTo(f, 'host_port', 65_535, 0),
    worker_id: f.text('worker_id', ''),
    worker_subnet: f.text('worker_subnet', ''),
    cluster_id: f.text('cluster_id', ''),
  };
}

function upTo(f: Fields, key: string, most: number, fallback?: number): number {
  const ok = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
  return f.value(key, fallback, `a whole number from 0 to ${most}`, ok);
}

/** It becomes the name of a container and of a file. */
function jobName(topic: string, f: Fields, key = 'job_name'): string {
  const name = f.text(key);
  if (!isJobName(name)) throw bad(`${topic}: ${key}`, name, 'four parts of letters and digits');
  return name;
}

function filled(topic: string, f: Fields, key: string): string {
  const value = f.text(key);
  if (value.trim() === '') throw bad(`${topic}: ${key}`, value, 'a string that is not empty');
  return value;
}
