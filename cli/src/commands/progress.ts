import type { InstanceState } from '../api/instances.ts';
import type { Io } from '../output/io.ts';

/** One line per change of an instance, for whoever waits. */
export function tellChanges(io: Io): (instance: InstanceState) => void {
  const told = new Map<string, string>();
  return ({ job_name, instance_number, status, status_detail }) => {
    const name = `${job_name}/${instance_number}`;
    if (told.get(name) !== status) io.err(`${`${name} ${status} ${status_detail}`.trimEnd()}\n`);
    told.set(name, status);
  };
}
