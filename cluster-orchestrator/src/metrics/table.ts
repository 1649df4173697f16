import { counter, gauge } from '@hedgerow/common/metrics';
import { INSTANCE_LABELS } from '@hedgerow/protos';

/** Host names may repeat, ids do not. */
const WORKER = ['worker', 'worker_id'] as const;

export const CLUSTER_METRICS = {
  workers: gauge('hedgerow_cluster_workers', 'Workers that have registered, by state.', ['state']),
  workerState: gauge('hedgerow_cluster_worker_state', '1 for the state that a worker is in.', [
    ...WORKER,
    'state',
  ]),
  workerCpu: gauge('hedgerow_cluster_worker_cpu_ratio', 'Share of a worker’s CPU in use, 0 to 1.', WORKER),
  workerMemory: gauge(
    'hedgerow_cluster_worker_memory_ratio',
    'Share of a worker’s memory in use, 0 to 1.',
    WORKER,
  ),
  workerVcpus: gauge('hedgerow_cluster_worker_offered_vcpus', 'Cores that a worker offers.', WORKER),
  workerVcpusFree: gauge(
    'hedgerow_cluster_worker_free_vcpus',
    'Cores of a worker that no instance has reserved.',
    WORKER,
  ),
  workerMemoryOffered: gauge(
    'hedgerow_cluster_worker_offered_memory_bytes',
    'Memory that a worker offers.',
    WORKER,
  ),
  workerMemoryFree: gauge(
    'hedgerow_cluster_worker_free_memory_bytes',
    'Memory of a worker that no instance has reserved.',
    WORKER,
  ),
  workerInstances: gauge('hedgerow_cluster_worker_instances', 'Instances placed on a worker.', WORKER),
  workerSeen: gauge(
    'hedgerow_cluster_worker_last_seen_timestamp_seconds',
    'Last sign of life of a worker, since the epoch; none for one that is only awaited.',
    WORKER,
  ),
  instances: gauge('hedgerow_cluster_instances', 'Instances that this cluster has accepted, by state.', [
    'status',
  ]),
  waiting: gauge('hedgerow_cluster_waiting_instances', 'Accepted instances that no worker has room for.'),
  instanceStatus: gauge('hedgerow_cluster_instance_status', '1 for the state that an instance is in.', [
    ...INSTANCE_LABELS,
    'worker',
    'status',
  ]),
  instanceCpu: gauge(
    'hedgerow_cluster_instance_cpu_ratio',
    'Share of its worker’s CPU that an instance uses, 0 to 1.',
    [...INSTANCE_LABELS, 'worker'],
  ),
  instanceMemory: gauge(
    'hedgerow_cluster_instance_memory_ratio',
    'Share of its worker’s memory that an instance uses, 0 to 1.',
    [...INSTANCE_LABELS, 'worker'],
  ),
  restartsOf: counter(
    'hedgerow_cluster_instance_restarts_total',
    'How often an instance’s program ended or could not be started, and so is started again.',
    INSTANCE_LABELS,
  ),
  restarts: counter(
    'hedgerow_cluster_restarts_total',
    'The same for all instances, those that are gone included.',
  ),
  placements: counter(
    'hedgerow_cluster_placements_total',
    'Answers to the root’s wish to place an instance: accepted, or the state that says why not.',
    ['result'],
  ),
  replacements: counter(
    'hedgerow_cluster_replacements_total',
    'Instances that were placed again without the root: their worker was lost, did not get on or had no room.',
  ),
  lost: counter('hedgerow_cluster_workers_lost_total', 'Workers that were given up as dead.'),
  deadlines: counter(
    'hedgerow_cluster_deadlines_total',
    'Instances that were longer in a state than they may be.',
    ['status'],
  ),
  leaks: gauge(
    'hedgerow_cluster_leaks',
    'What the last sweep (every 5 min) found to be held for nobody, and freed: room reserved for no instance, instances on no worker, deadlines of no instance.',
    ['kind'],
  ),
  orders: gauge(
    'hedgerow_cluster_orders_under_way',
    'Placements between the root’s wish and the broker that has the worker’s order; 5,000 are taken at a time.',
  ),
  broker: gauge('hedgerow_cluster_broker_reachable', '1 while the MQTT broker is within reach, else 0.'),
  unsent: gauge('hedgerow_mqtt_messages_unsent', 'Messages for workers that the broker has not taken yet.'),
  failed: counter(
    'hedgerow_mqtt_messages_failed_total',
    'Messages for workers that the broker did not take.',
  ),
  rootConnected: gauge('hedgerow_cluster_root_connected', '1 while the stream to the root is up, else 0.'),
  rootConnects: counter('hedgerow_cluster_root_connects_total', 'Streams to the root that came up.'),
} as const;
