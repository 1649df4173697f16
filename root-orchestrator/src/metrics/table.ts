import { counter, gauge, histogram } from '@hedgerow/common/metrics';
import { INSTANCE_LABELS } from '@hedgerow/protos';

const CLUSTER = ['cluster'] as const;
/** `cluster` is "" while no cluster has the instance. */
const PLACED = [...INSTANCE_LABELS, 'cluster'] as const;

export const ROOT_METRICS = {
  leading: gauge(
    'hedgerow_root_leading',
    '1 on the root that talks to clusters and places instances; all roots together have one.',
  ),
  instances: gauge('hedgerow_root_instances', 'Instances by state. Only from the root that leads.', [
    'status',
  ]),
  queued: gauge(
    'hedgerow_root_queued_instances',
    'Instances to be dealt with: waiting for a cluster, asked of one, stranded on one that has no worker for ' +
      'them any more, leaving.',
    ['queue'],
  ),
  status: gauge('hedgerow_root_instance_status', '1 for the state that an instance is in.', [
    ...PLACED,
    'status',
  ]),
  cpu: gauge(
    'hedgerow_root_instance_cpu_ratio',
    'Share of its worker’s CPU that an instance uses, 0 to 1.',
    PLACED,
  ),
  memory: gauge(
    'hedgerow_root_instance_memory_ratio',
    'Share of its worker’s memory that an instance uses, 0 to 1.',
    PLACED,
  ),
  restartsOf: counter(
    'hedgerow_root_instance_restarts_total',
    'How often an instance’s program ended or could not be started, as far as this root has seen.',
    PLACED,
  ),
  deploy: histogram(
    'hedgerow_root_deploy_duration_seconds',
    'From the wish for an instance (REQUESTED) to its first RUNNING.',
    [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600],
  ),
  asked: counter('hedgerow_root_placements_asked_total', 'Clusters that were asked to take an instance.'),
  refused: counter(
    'hedgerow_root_placements_refused_total',
    'Instances that a cluster refused, or that no cluster could be asked for, by the state that says why.',
    ['reason'],
  ),
  connected: gauge('hedgerow_root_cluster_connected', '1 while a cluster’s stream is up, else 0.', CLUSTER),
  workers: gauge(
    'hedgerow_root_cluster_workers',
    'Workers of a cluster that instances can be placed on.',
    CLUSTER,
  ),
  on: gauge('hedgerow_root_cluster_instances', 'Instances that a cluster has or was asked to take.', CLUSTER),
  cpuOf: gauge('hedgerow_root_cluster_cpu_ratio', 'Mean share of its workers’ CPU in use, 0 to 1.', CLUSTER),
  memoryOf: gauge(
    'hedgerow_root_cluster_memory_ratio',
    'Mean share of its workers’ memory in use, 0 to 1.',
    CLUSTER,
  ),
  vcpus: gauge('hedgerow_root_cluster_offered_vcpus', 'Cores that a cluster’s workers offer.', CLUSTER),
  vcpusFree: gauge('hedgerow_root_cluster_free_vcpus', 'Cores that no instance has reserved.', CLUSTER),
  memoryOffered: gauge(
    'hedgerow_root_cluster_offered_memory_bytes',
    'Memory that a cluster’s workers offer.',
    CLUSTER,
  ),
  memoryFree: gauge(
    'hedgerow_root_cluster_free_memory_bytes',
    'Memory that no instance has reserved.',
    CLUSTER,
  ),
  leaks: gauge(
    'hedgerow_root_leaks',
    'What the last sweep found that nobody owns, and freed: claims, histories, instances. 0 in ordinary life.',
    ['kind'],
  ),
  historiesWritten: counter(
    'hedgerow_root_histories_written_total',
    'Writes of what happened to an instance. Only from the root that leads.',
  ),
  movesLost: counter(
    'hedgerow_root_history_moves_lost_total',
    'Moves of instances that were forgotten because the store has not taken any for long.',
  ),
  requests: gauge(
    'hedgerow_root_requests',
    'Requests to the API that are at work, and that wait for their turn. Streams and status pages are no such.',
    ['state'],
  ),
  requestsRefused: counter(
    'hedgerow_root_requests_refused_total',
    'Requests to the API that were refused because too many were under way.',
  ),
  loginsFailed: counter(
    'hedgerow_root_logins_failed_total',
    'Logins that were refused: wrong name or password, or too many attempts.',
  ),
} as const;
