/** From the stored service to what cluster and scheduler need of it. */
import {
  architectureOf,
  type DirectConstraint,
  type HealthCheck,
  type Microservice,
  type Place,
  type RestartPolicy,
  type ServiceSpec,
} from '@hedgerow/protos';
import type { Instance, Service } from '../model.ts';
import { specificationOf } from '../rollouts/specification.ts';
import type { Demand } from '../scheduler/candidate.ts';

/** All that a worker reads of a specification. */
export function serviceSpec(service: Service, microservice: Microservice): ServiceSpec {
  return {
    service_id: service.id,
    job_name: service.job_name,
    application_id: service.application_id,
    app_name: service.app_name,
    app_ns: service.app_ns,
    service_name: microservice.microservice_name,
    service_ns: microservice.microservice_namespace,
    service_ip: service.service_ip,
    image: microservice.code,
    cmd: microservice.cmd ?? [],
    environment: microservice.environment ?? [],
    port: microservice.port ?? '',
    virtualization: microservice.virtualization,
    memory: microservice.memory ?? 0,
    vcpus: microservice.vcpus ?? 0,
    vgpus: microservice.vgpus ?? 0,
    storage: microservice.storage ?? 0,
    one_shot: microservice.one_shot ?? false,
    privileged: microservice.privileged ?? false,
    constraints: directConstraints(microservice),
    arch: (microservice.arch ?? []).map(architectureOf),
    restart: restartOf(microservice),
    health_check: healthCheckOf(microservice),
  };
}

/** What an instance needs, by the specification that its generation runs. */
export function demandOf(service: Service, { generation }: Pick<Instance, 'generation'>): Demand {
  const microservice = specificationOf(service, generation);
  const { virtualization, vcpus, memory, vgpus } = microservice;
  return {
    virtualization,
    vcpus: vcpus ?? 0,
    memory: memory ?? 0,
    vgpus: vgpus ?? 0,
    constraints: directConstraints(microservice),
    arch: (microservice.arch ?? []).map(architectureOf),
  };
}

export function placeMessage(attemptId: string, service: Service, instance: Instance): Place {
  return {
    attempt_id: attemptId,
    service: serviceSpec(service, specificationOf(service, instance.generation)),
    instance_number: instance.instance_number,
    instance_ip: instance.instance_ip,
    generation: instance.generation,
    request_id: instance.request_id,
    epoch: instance.epoch,
  };
}

/** The default is null however it is written, so that writing it is no other specification. */
function restartOf({ restart = {} }: Microservice): RestartPolicy | null {
  const { policy = 'always', attempts = 0 } = restart;
  return policy === 'always' && attempts === 0 ? null : { policy, attempts };
}

function healthCheckOf({ health_check: check }: Microservice): HealthCheck | null {
  if (!check) return null;
  return {
    type: check.type,
    port: check.port ?? 0,
    path: check.path ?? '/',
    command: check.command ?? [],
    interval: check.interval ?? 10,
    timeout: check.timeout ?? 3,
    retries: check.retries ?? 3,
    start_period: check.start_period ?? 0,
  };
}

function directConstraints({ constraints }: Microservice): DirectConstraint[] {
  return (constraints ?? [])
    .filter(constraint => constraint.type === 'direct')
    .map(({ type, cluster = '', node = '' }) => ({ type, cluster, node }));
}
