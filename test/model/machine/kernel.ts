/** A worker's half of the network: the Net Manager's own rules, and what the kernel would hold by them. */
import { HedgerowError, SerialByKey } from '@hedgerow/common';
import type { Random } from '@hedgerow/common/testing';
import {
  addressesOf,
  changesOf,
  Directory,
  EMPTY_STATE,
  ERRORS,
  type NetState,
  withAttachment,
  withoutAttachment,
  withRegistration,
} from '@hedgerow/net-manager/testing/parts';
import type { NetManager, NetStatus, TableEntry } from '@hedgerow/protos';
import type { Process } from '../time/process.ts';

/** Outlives the processes of its machine; `net.sqlite` and the kernel agree. */
export class Kernel {
  state: NetState = EMPTY_STATE;
  readonly services = new Directory();
  /** pid → is there such a process */
  readonly isRunning: (pid: number) => boolean;
  readonly #changed: () => void;

  constructor(isRunning: (pid: number) => boolean, changed: () => void) {
    this.isRunning = isRunning;
    this.#changed = changed;
  }

  put(state: NetState): void {
    this.state = state;
    this.#changed();
  }

  tell(entries: readonly TableEntry[], whole: boolean): void {
    this.services.apply(changesOf(this.services, [{ entries, whole }]));
    this.#changed();
  }

  /** The links of processes that are gone are gone, too. */
  compare(): void {
    const living = [...this.state.attachments].map(([key, attachment]) => {
      const isThere = attachment.sandbox !== '' && this.isRunning(attachment.pid);
      return [key, isThere ? attachment : { ...attachment, sandbox: '' }] as const;
    });
    this.put({ ...this.state, attachments: new Map(living) });
  }

  /** By service IP: instance (`<job name>/<number>`) → the addresses that the service IP leads to for it. */
  maps(): Map<string, Map<string, Set<string>>> {
    const { registration, attachments } = this.state;
    const maps = new Map<string, Map<string, Set<string>>>();
    if (!registration) return maps;
    for (const jobName of this.services.jobNames()) {
      const service = this.services.get(jobName);
      if (!service || service.ip === '') continue;
      const instances = new Map<string, Set<string>>();
      for (const endpoint of service.endpoints) {
        const addresses = instances.get(endpoint.key) ?? new Set();
        for (const address of addressesOf([endpoint], attachments, registration)) addresses.add(address);
        instances.set(endpoint.key, addresses);
      }
      maps.set(service.ip, instances);
    }
    return maps;
  }
}

/** ms */
const QUICK = [0.5, 8] as const;

/** The Net Manager in one process with the Node Engine. */
export function netManagerOf(kernel: Kernel, process: Process, random: Random): NetManager {
  const order = new SerialByKey();
  const one = <R>(task: () => R): Promise<R> =>
    order.run('net', async () => {
      await process.pause(random.between(...QUICK));
      const result = task();
      await process.pause(random.between(...QUICK));
      return result;
    });
  return {
    register: registration =>
      one(() => {
        kernel.put(withRegistration(kernel.state, registration));
        kernel.compare();
      }),
    attach: request =>
      one(() => {
        if (!kernel.isRunning(request.pid))
          throw new HedgerowError(ERRORS.NO_SUCH_PROCESS, `there is no process ${request.pid}`);
        kernel.put(withAttachment(kernel.state, request, `net-${request.pid}`));
        const made = kernel.state.attachments.get(`${request.serviceName}/${request.instanceNumber}`);
        return { serviceName: request.serviceName, nsAddress: made?.address ?? '', nsAddressv6: '' };
      }),
    detach: request => one(() => kernel.put(withoutAttachment(kernel.state, request))),
    setTable: entries => one(() => kernel.tell(entries, true)),
    setEntry: entry => one(() => kernel.tell([entry], false)),
    table: () => one(() => kernel.services.entries()),
    status: () => one(() => statusOf(kernel)),
  };
}

function statusOf({ state, services }: Kernel): NetStatus {
  const { registration, attachments } = state;
  return {
    registered: registration !== null,
    worker_id: registration?.client_id ?? '',
    subnet: registration?.subnet ?? '',
    attachments: [...attachments.values()].map(({ address, serviceName, instanceNumber, pid }) => ({
      serviceName,
      instanceNumber,
      nsAddress: address,
      pid,
    })),
    services: services.size,
    problems: [],
    overlay: { received_bytes: 0, sent_bytes: 0 },
  };
}
