import { parseIpv4 } from '@hedgerow/common';
import { type NetRegistration, TUNNEL_PORT } from '@hedgerow/protos';
import { isThisWorker } from './services.ts';
import type { NetState } from './state.ts';

export interface RemoteWorker {
  subnet: string;
  host: string;
  port: number;
}

/**
 * The other workers that the table names, by subnet. Instances that are not attached yet count: the way back to
 * their worker shall be there before their first packet.
 */
export function remoteWorkers(state: NetState, registration: NetRegistration): Map<string, RemoteWorker> {
  const workers = new Map<string, RemoteWorker>();
  for (const entry of state.entries.values()) {
    for (const instance of entry.instances) {
      const { worker_subnet: subnet, host_ip: host } = instance;
      const usable = parseIpv4(subnet) !== null && parseIpv4(host) !== null;
      if (!usable || subnet === registration.subnet || isThisWorker(registration, instance)) continue;
      workers.set(subnet, { subnet, host, port: instance.host_port || TUNNEL_PORT });
    }
  }
  return workers;
}
