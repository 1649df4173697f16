import type { TableEntry } from '@hedgerow/protos';
import type { Down } from '../dispatch.ts';

/** An answer to a worker's question about an application that does not run here is passed on and not kept. */
export function onTableEntry(down: Down, entry: TableEntry): void {
  const asked = down.queries.answered(entry);
  const hosted = down.jobs.instances.ofApplication(entry.application_id).length > 0;
  if (hosted || !asked) down.jobs.tables.remoteChanged(entry);
}
