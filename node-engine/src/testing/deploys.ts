import type { DeployPayload } from '@hedgerow/protos';

/** A command with everything in it; `change` what matters to the test. */
export function makeDeploy(change: Partial<DeployPayload> = {}): DeployPayload {
  const service_id = change.service_id ?? 'a'.repeat(24);
  return {
    _id: service_id,
    service_id,
    job_name: 'app.test.web.test',
    application_id: 'b'.repeat(24),
    app_name: 'app',
    app_ns: 'test',
    service_name: 'web',
    service_ns: 'test',
    service_ip: '10.30.0.2',
    instance_number: 0,
    instance_ip: '10.30.0.3',
    generation: 1,
    epoch: 1,
    image: 'test:1',
    cmd: [],
    environment: [],
    port: '',
    virtualization: 'docker',
    memory: 0,
    vcpus: 0,
    vgpus: 0,
    storage: 0,
    one_shot: false,
    privileged: false,
    constraints: [],
    arch: [],
    request_id: 'request',
    ...change,
  };
}
