/** From documents to the bodies that clients read. Types as `protos/root-api.ts`: Go refuses a number for a string. */
import type {
  ApiApplication,
  ApiCluster,
  ApiHistory,
  ApiInstance,
  ApiRollout,
  ApiService,
  ApiUser,
  Role,
} from '@hedgerow/protos';
import type { Application, Cluster, Instance, PlacedMove, Rollout, Service, User } from '../model.ts';
import { serviceStatus } from './status.ts';
import { NO_USAGE, type UsageHistory } from './usage.ts';

/** What is known of a service's surroundings. */
export interface Surroundings {
  /** of a cluster, "" when it is unknown */
  location(clusterId: string): string;
  /** of an instance; left out in lists, where it would be most of the answer */
  usage?(instanceId: string): UsageHistory;
}

export function viewApplication(application: Application, serviceIds: readonly string[]): ApiApplication {
  return {
    ...application.extra,
    _id: { $oid: application.id },
    applicationID: application.id,
    application_name: application.application_name,
    application_namespace: application.application_namespace,
    application_desc: application.application_desc,
    microservices: [...serviceIds],
    userId: application.owner,
  };
}

/** @param instances those that are wanted */
export function viewService(
  service: Service,
  instances: readonly Instance[],
  surroundings: Surroundings,
): ApiService {
  const { microservice } = service;
  const { status: _, status_detail: __, rollout: ___, ...sent } = microservice as Record<string, unknown>;
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
    generation: service.generation,
    ...(service.rollout ? { rollout: viewRollout(service.rollout) } : {}),
    instance_list: inOrder.map(instance => viewInstance(instance, surroundings)),
    ...serviceStatus(inOrder, service.next_instance_number > 0),
  };
}

function viewRollout({ state, detail, from, to, started, request_id }: Rollout): ApiRollout {
  const [from_generation, to_generation] = [from.generation, to.generation];
  return { state, detail, from_generation, to_generation, started, request_id };
}

export function viewInstance(instance: Instance, { location, usage }: Surroundings): ApiInstance {
  return {
    instance_number: instance.instance_number,
    generation: instance.generation,
    ...(instance.replaces === undefined ? {} : { replaces: instance.replaces }),
    request_id: instance.request_id,
    instance_ip: instance.instance_ip,
    status: instance.status,
    status_detail: instance.status_detail,
    cluster_id: instance.cluster_id,
    cluster_location: location(instance.cluster_id),
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
    ...(usage?.(instance.id) ?? NO_USAGE),
  };
}

export function viewHistory(instance_number: number, moves: readonly PlacedMove[]): ApiHistory {
  return { instance_number, moves: moves.map(move => ({ ...move, at: new Date(move.at).toISOString() })) };
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
export function viewUser(user: User, roles: readonly Role[]): ApiUser {
  const { name, email, created_at } = user;
  return { _id: { $oid: user.id }, name, email, created_at, roles: [...roles] };
}
