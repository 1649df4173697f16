/** From the stored service to what cluster and scheduler need of it. */
import type { DirectConstraint, Place, ServiceSpec } from '@hedgerow/protos';
import type { Instance, Service } from '../model.ts';
import type { Demand } from '../scheduler/candidate.ts';

function serviceSpec(service: Service): ServiceSpec {
  const { microservice } = service;
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
    constraints: directConstraints(service),
    arch: microservice.arch ?? [],
  };
}

export function demandOf(service: Service): Demand {
  const { virtualization, vcpus, memory, vgpus } = service.microservice;
  return {
    virtualization,
    vcpus: vcpus ?? 0,
    memory: memory ?? 0,
    vgpus: vgpus ?? 0,
    constraints: directConstraints(service),
  };
}

export function placeMessage(attemptId: string, service: Service, instance: Instance): Place {
  return {
    attempt_id: attemptId,
    service: serviceSpec(service),
    instance_number: instance.instance_number,
    instance_ip: instance.instance_ip,
    generation: instance.generation,
    request_id: instance.request_id,
  };
}

function directConstraints(service: Service): DirectConstraint[] {
  return (service.microservice.constraints ?? [])
    .filter(constraint => constraint.type === 'direct')
    .map(({ type, cluster = '', node = '' }) => ({ type, cluster, node }));
}
