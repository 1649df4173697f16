import type { ApiService } from '@hedgerow/protos';
import type { InstanceState } from '../api/instances.ts';
import type { Io } from '../output/io.ts';
import { allLines } from '../output/lines.ts';

/** Where an instance stays until something happens to it; before, it may try the same several times. */
const RESTS = new Set(['RUNNING', 'COMPLETED', 'FAILED', 'DEAD']);

/**
 * One line per change of an instance, for whoever waits; what it says again while it is on its way is left out.
 * @param known how these services are before anything is changed
 */
export function tellChanges(io: Io, known: readonly ApiService[] = []): (instance: InstanceState) => void {
  const told = new Map<string, { status: string; since: Set<string> }>();
  for (const { job_name, instance_list } of known) {
    for (const { instance_number, status } of instance_list)
      told.set(`${job_name}/${instance_number}`, { status, since: new Set() });
  }
  return ({ job_name, instance_number, status, status_detail }) => {
    const name = `${job_name}/${instance_number}`;
    const { status: last, since } = told.get(name) ?? { status: '', since: new Set<string>() };
    if (RESTS.has(status)) since.clear();
    // Numbers in a reason, such as what is free now, change with every try.
    const said = `${status} ${status_detail.replace(/\d+/g, '#')}`;
    if (RESTS.has(status) ? status !== last : !since.has(said)) {
      io.err(`${`${name} ${status} ${allLines(status_detail)}`.trimEnd()}\n`);
    }
    since.add(said);
    told.set(name, { status, since });
  };
}
