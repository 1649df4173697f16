import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Worker } from '../model.ts';
import type { Capacity } from '../scheduler/capacity.ts';
import { free } from '../scheduler/types.ts';
import type { Liveness } from './liveness.ts';
import type { Workers } from './workers.ts';

export interface Roster {
  workers: Workers;
  capacity: Capacity;
  liveness: Liveness;
  /** @throws ROOT_UNREACHABLE */
  releaseSubnet(workerId: string): void;
}

/** The workers as operators see them. Units: cores, MiB, percent, ms. */
export function viewWorkers(roster: Roster): object[] {
  return roster.workers.all().map(worker => view(roster, worker));
}

function view({ capacity, liveness, workers }: Roster, worker: Worker): object {
  const seat = capacity.get(worker.id);
  return {
    id: worker.id,
    host: worker.hostname,
    state: liveness.standing(worker.id) ?? 'dead',
    silent_ms: liveness.silence(worker.id),
    public_address: worker.public_address,
    tunnel_port: worker.tunnel_port,
    subnet: worker.subnet,
    overlay: worker.overlay,
    architecture: worker.architecture,
    virtualization: worker.virtualization,
    vcpus: worker.vcpus,
    memory: worker.memory,
    reserved: {
      vcpus: seat?.reserved.vcpus ?? 0,
      memory: seat?.reserved.memory ?? 0,
      ports: [...(seat?.ports.keys() ?? [])].sort(),
    },
    free: { vcpus: seat ? free(seat, 'vcpus') : 0, memory: seat ? free(seat, 'memory') : 0 },
    instances: seat?.instances.size ?? 0,
    ...workers.usage(worker.id),
  };
}

/**
 * A worker left for good: its credential ends and its subnet goes back to the root.
 *
 * @throws WORKER_UNKNOWN, WORKER_BUSY while it is live, ROOT_UNREACHABLE
 */
export async function removeWorker(roster: Roster, id: string): Promise<object> {
  const worker = roster.workers.get(id);
  if (!worker) throw new HedgerowError(ERRORS.WORKER_UNKNOWN, `no worker has the id ${id}`);
  if (roster.liveness.isThere(id)) {
    throw new HedgerowError(ERRORS.WORKER_BUSY, `worker ${worker.hostname} is live; stop it first`);
  }
  if (worker.subnet !== '') roster.releaseSubnet(id);
  await roster.workers.remove(id);
  return { id };
}
