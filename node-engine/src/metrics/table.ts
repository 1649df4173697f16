import { counter, gauge, histogram } from '@hedgerow/common/metrics';
import { INSTANCE_LABELS } from '@hedgerow/protos';

export const WORKER_METRICS = {
  instances: gauge('hedgerow_worker_instances', 'Instances that this worker has, by state.', ['status']),
  status: gauge('hedgerow_worker_instance_status', '1 for the state that an instance is in.', [
    ...INSTANCE_LABELS,
    'status',
  ]),
  cpuOf: counter(
    'hedgerow_worker_instance_cpu_seconds_total',
    'CPU time of an instance’s container, since it was started.',
    INSTANCE_LABELS,
  ),
  memoryOf: gauge(
    'hedgerow_worker_instance_memory_bytes',
    'Memory of an instance’s container, without the page cache that the kernel can drop.',
    INSTANCE_LABELS,
  ),
  restartsOf: counter(
    'hedgerow_worker_instance_restarts_total',
    'How often an instance’s program ended or could not be started, and so is started again.',
    INSTANCE_LABELS,
  ),
  restarts: counter(
    'hedgerow_worker_restarts_total',
    'The same for all instances, those that are gone included.',
  ),
  cpu: counter('hedgerow_worker_cpu_seconds_total', 'CPU time of the machine, all cores together.', ['mode']),
  cores: gauge('hedgerow_worker_cpu_cores', 'Cores of the machine.'),
  memory: gauge('hedgerow_worker_memory_bytes', 'Memory of the machine.'),
  available: gauge('hedgerow_worker_memory_available_bytes', 'Memory that could be used without swapping.'),
  runtime: gauge('hedgerow_worker_runtime_available', '1 while the container runtime answers, else 0.'),
  operations: histogram(
    'hedgerow_worker_runtime_operation_duration_seconds',
    'How long the container runtime took; a pull is only one that asked a registry.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300],
    ['operation'],
  ),
  errors: counter(
    'hedgerow_worker_runtime_errors_total',
    'Calls that the container runtime refused or left.',
    ['operation'],
  ),
  leaks: gauge(
    'hedgerow_worker_leaks',
    'What was found on the worker since its engine began that belongs to no instance, and was removed: containers with its label, holds (the FIFOs on which programs wait).',
    ['kind'],
  ),
  connected: gauge('hedgerow_worker_cluster_connected', '1 while this worker is connected to its cluster.'),
  connects: counter('hedgerow_worker_cluster_connects_total', 'Connections to the cluster that were made.'),
} as const;
