/** What is said of an instance while no worker has it. */
import type { InstanceReport } from './link.ts';

export const NO_PLACEMENT = {
  worker_id: '',
  host_ip: '',
  host_port: 0,
  namespace_ip: '',
  worker_subnet: '',
} as const satisfies Partial<InstanceReport>;

/** Nothing has been measured and nothing printed. */
export const NO_USAGE = {
  cpu_percent: '',
  memory_percent: '',
  disk: '',
  logs: '',
} as const satisfies Partial<InstanceReport>;
