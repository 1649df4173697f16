import type { JobPayload, Place, ServiceSpec } from '@hedgerow/protos';
import type { Instance, Worker } from '../model.ts';

export function makeSpec(overrides: Partial<ServiceSpec> = {}): ServiceSpec {
  const name = overrides.service_name ?? 'web';
  return {
    service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa',
    job_name: `shop.test.${name}.test`,
    application_id: 'bbbbbbbbbbbbbbbbbbbbbbbb',
    app_name: 'shop',
    app_ns: 'test',
    service_name: name,
    service_ns: 'test',
    service_ip: '10.30.30.30',
    image: 'hedgerow/demo:1',
    cmd: [],
    environment: [],
    port: '',
    virtualization: 'docker',
    memory: 100,
    vcpus: 1,
    vgpus: 0,
    storage: 0,
    one_shot: false,
    privileged: false,
    constraints: [],
    arch: [],
    ...overrides,
  };
}

export function makePlace(
  service: Partial<ServiceSpec> = {},
  place: Partial<Omit<Place, 'service'>> = {},
): Place {
  const number = place.instance_number ?? 0;
  return {
    attempt_id: 'attempt',
    request_id: 'request',
    service: makeSpec(service),
    instance_number: number,
    instance_ip: `10.30.0.${number + 10}`,
    generation: 1,
    epoch: 0,
    ...place,
  };
}

export function makeInstance(overrides: Partial<Instance> = {}): Instance {
  return {
    id: 'aaaaaaaaaaaaaaaaaaaaaaaa/0',
    service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa',
    instance_number: 0,
    service: makeSpec(),
    instance_ip: '10.30.0.10',
    request_id: 'request',
    generation: 1,
    epoch: 1,
    desired: 'run',
    worker_id: 'w1',
    former: '',
    status: 'RUNNING',
    status_detail: '',
    status_since: 0,
    reason: '',
    moves: [],
    withdrawn: false,
    deploys: 1,
    namespace_ip: '10.18.0.2',
    logs: '',
    cpu_percent: '',
    memory_percent: '',
    disk: '',
    ...overrides,
  };
}

export function makeWorker(overrides: Partial<Worker> = {}): Worker {
  return {
    id: 'cccccccccccccccccccccccc',
    hostname: 'worker1',
    secret_hash: '',
    vcpus: 4,
    memory: 4000,
    vgpus: 0,
    architecture: 'amd64',
    virtualization: ['docker'],
    public_address: '192.0.2.1',
    tunnel_port: 50103,
    overlay: true,
    problems: [],
    dead_after: 0,
    back_in: 0,
    beat: 0,
    subnet: '10.18.0.0',
    subnet_holder: '',
    renumbered: '',
    extra: {},
    ...overrides,
  };
}

export function makeJob(overrides: Partial<JobPayload> = {}): JobPayload {
  return {
    sname: 'shop.test.web.test',
    service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa',
    instance: 0,
    status: 'RUNNING',
    status_detail: '',
    publicip: '192.0.2.1',
    namespace_ip: '10.18.0.2',
    generation: 1,
    epoch: 1,
    logs: '',
    ...overrides,
  };
}
