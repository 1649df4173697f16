/** From documents to the bodies that clients read. Types as `protos/root-api.ts`: Go refuses a number for a string. */
import type { ApiApplication, ApiCluster, ApiInstance, ApiService, ApiUser } from '@hedgerow/protos';
import type { Application, Cluster, Instance, Service, User } from '../model.ts';
import { serviceStatus } from './status.ts';

export function viewApplication(application: Application, serviceIds: string[]): ApiApplication {
  return {
    ...application.extra,
    _id: { $oid: application.id },
    applicationID: application.id,
    application_name: application.application_name,
    application_namespace: application.application_namespace,
    application_desc: application.application_desc,
    microservices: serviceIds,
    userId: application.owner,
  };
}

/** @param locations cluster id → location */
export function viewService(
  service: Service,
  instances: readonly Instance[],
  locations: ReadonlyMap<string, string>,
): ApiService {
  const { status: _, status_detail: __, ...sent } = service.microservice as Record<string, unknown>;
  const { microservice } = service;
  const inOrder = instances.toSorted((a, b) => a.instance_number - b.instance_number);
  return {
    ...sent,
    _id: { $oid: service.id },
    microserviceID: service.id,
    applicationID: service.application_id,
    job_name: service.job_name,
    app_name: service.app_name,
    app_ns: service.app_ns,
    service_name: microservice.microservice_name,
    service_ns: microservice.microservice_namespace,
    microservice_name: microservice.microservice_name,
    microservice_namespace: microservice.microservice_namespace,
    image: microservice.code,
    code: microservice.code,
    virtualization: microservice.virtualization,
    RR_ip: service.service_ip,
    next_instance_progressive_number: service.next_instance_number,
    instance_list: inOrder.map(instance => viewInstance(instance, locations.get(instance.cluster_id) ?? '')),
    ...serviceStatus(inOrder, service.next_instance_number > 0),
  };
}

function viewInstance(instance: Instance, clusterLocation: string): ApiInstance {
  return {
    instance_number: instance.instance_number,
    instance_ip: instance.instance_ip,
    status: instance.status,
    status_detail: instance.status_detail,
    cluster_id: instance.cluster_id,
    cluster_location: clusterLocation,
    worker_id: instance.worker_id,
    host_ip: instance.host_ip,
    host_port: instance.host_port,
    publicip: instance.host_ip,
    namespace_ip: instance.namespace_ip,
    cpu_percent: instance.cpu_percent,
    memory_percent: instance.memory_percent,
    disk: instance.disk,
    logs: instance.logs,
    last_modified_timestamp: instance.last_modified_timestamp,
    cpu_history: [],
    memory_history: [],
  };
}

export function viewCluster(cluster: Cluster, active: boolean): ApiCluster {
  const { aggregate } = cluster;
  const cores = Math.floor(aggregate.vcpus);
  return {
    _id: cluster.id,
    cluster_name: cluster.name,
    candidate_name: cluster.name,
    cluster_location: cluster.location,
    candidate_location: cluster.location,
    ip: cluster.address,
    port: String(cluster.port),
    active,
    active_nodes: aggregate.active_nodes,
    cpu_percent: aggregate.cpu_percent,
    memory_percent: aggregate.memory_percent,
    aggregated_cpu_percent: aggregate.cpu_percent,
    vcpus: cores,
    vgpus: Math.floor(aggregate.vgpus),
    memory: Math.floor(aggregate.memory),
    memory_in_mb: Math.floor(aggregate.memory),
    total_cpu_cores: cores,
    total_gpu_cores: Math.floor(aggregate.vgpus),
    virtualization: aggregate.virtualization,
    supported_addons: [],
    csi_drivers: [],
    workers: cluster.aggregate.workers,
    gpu_drivers: [],
    last_modified_timestamp: cluster.last_modified_timestamp,
  };
}

/** Never the password's hash. */
export function viewUser(user: User): ApiUser {
  const { name, email, created_at, roles } = user;
  return { _id: { $oid: user.id }, name, email, created_at, roles };
}
