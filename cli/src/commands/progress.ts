import type { WaitOptions } from '../api/instances.ts';
import type { Io } from '../output/io.ts';

/** One line per change of an instance, for whoever waits. */
export function tellChanges(io: Io): NonNullable<WaitOptions['onLook']> {
  const told = new Map<string, string>();
  return (service, { instance_number, status, status_detail }) => {
    const name = `${service.job_name}/${instance_number}`;
    if (told.get(name) !== status) io.err(`${`${name} ${status} ${status_detail}`.trimEnd()}\n`);
    told.set(name, status);
  };
}
