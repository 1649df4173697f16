import { type Clock, every, type Logger, messageOf } from '@hedgerow/common';
import type { Slot } from '../instances/slot.ts';
import type { Uplink } from '../mqtt/uplink.ts';
import type { InstanceUsage } from './instance-usage.ts';
import type { MachineUsage } from './machine-usage.ts';

/** Looks now and then and says only what has changed; with no cluster to hear it, nothing is read. @returns its end */
export function reportUsage(deps: {
  clock: Clock;
  log: Logger;
  /** ms; also the shortest time between two reports */
  interval: number;
  machine: Pick<MachineUsage, 'changed'>;
  instances: InstanceUsage;
  uplink: Uplink;
  running: () => Slot[];
}): () => void {
  const look = () => {
    if (!deps.uplink.connected) return;
    const information = deps.machine.changed();
    if (information) deps.uplink.information(information);
    const services = deps.instances.changed(deps.running(), deps.clock.monotonic() / 1000);
    if (services.length > 0) deps.uplink.resources({ services });
  };
  // a file of /proc that cannot be read is no reason to end the engine
  return every(deps.clock, deps.interval, look, error =>
    deps.log.warn({}, `usage not read: ${messageOf(error)}`),
  );
}
