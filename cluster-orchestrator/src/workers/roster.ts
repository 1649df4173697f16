import { HedgerowError, type Logger, type SerialByKey } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Worker } from '../model.ts';
import type { Accounts } from '../mqtt/accounts/accounts.ts';
import type { Held } from '../root/reserve.ts';
import type { Capacity } from '../scheduler/capacity.ts';
import { free } from '../scheduler/types.ts';
import type { Liveness } from './liveness.ts';
import { holderOf, type Workers } from './workers.ts';

export interface Roster {
  workers: Workers;
  capacity: Capacity;
  liveness: Liveness;
  accounts: Accounts;
  /** of everything that changes a worker, by its id */
  serial: SerialByKey;
  log: Logger;
  /** To the root, or for another worker. Never rejects. */
  giveBackSubnet(held: Held): Promise<void>;
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
    problems: worker.problems,
    beat: worker.beat,
    dead_after: liveness.deadAfter(worker.id),
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
 * A worker left for good: its credential ends, and then its subnet goes back to the root, or to the spare ones while the
 * root is away. In this order, so that whatever fails or is cut off in between, no worker has a subnet that another one
 * may get. A subnet that was not given back is free when the root hears next which subnets this cluster has.
 *
 * @throws WORKER_UNKNOWN, WORKER_BUSY while it is live
 */
export function removeWorker(roster: Roster, id: string): Promise<object> {
  // not while it registers again, which would ask for the subnet that is about to go back
  return roster.serial.run(id, async () => {
    const worker = removable(roster, id);
    await roster.workers.remove(id);
    if (worker.subnet !== '')
      await roster.giveBackSubnet({ subnet: worker.subnet, holder: holderOf(worker) });
    await roster.accounts.revoke(id);
    return { id };
  });
}

function removable(roster: Roster, id: string): Worker {
  const worker = roster.workers.get(id);
  if (!worker) throw new HedgerowError(ERRORS.WORKER_UNKNOWN, `no worker has the id ${id}`);
  if (roster.liveness.isThere(id)) {
    throw new HedgerowError(ERRORS.WORKER_BUSY, `worker ${worker.hostname} is live; stop it first`);
  }
  return worker;
}
