/** Mistakes made on purpose between the tiers, to see that the model finds what a tier that makes them does. */
import { DOWN, type TablePayload, type TableResultPayload } from '@hedgerow/protos';
import type { Mutation } from './world.ts';

/** Each is made anew for each run: it may remember. */
export const MUTATIONS: Readonly<Record<string, () => Mutation>> = {
  'a worker forgets to remove': () => ({
    toWorker: (leaf, payload) => (leaf === DOWN.delete ? null : payload),
  }),

  'a worker takes up an order once and never a later one': () => {
    const taken = new Set<string>();
    return {
      toWorker(leaf, payload) {
        if (leaf !== DOWN.deploy) return payload;
        const { job_name, instance_number } = read<{ job_name: string; instance_number: number }>(payload);
        const key = `${job_name}/${instance_number}`;
        const isLater = taken.has(key);
        taken.add(key);
        return isLater ? null : payload;
      },
    };
  },

  'a cluster places again under the same epoch': () => ({
    toWorker(leaf, payload) {
      if (leaf !== DOWN.deploy) return payload;
      return write({ ...read<object>(payload), epoch: 1 });
    },
  }),

  'a cluster does not say that a placement was given up': () => ({
    toRoot(message) {
      if (!message.reports) return message;
      const reports = message.reports.reports.filter(({ status }) => status !== 'UNDEPLOYED');
      return { ...message, reports: { reports } };
    },
  }),

  'the root does not remove what has to go': () => ({
    toCluster: message => (message.remove ? null : message),
  }),

  'the root takes what a cluster lists for nothing': () => ({
    toRoot: message => (message.list ? { ...message, list: { ...message.list, instances: [] } } : message),
  }),

  'changes of the network table are not told': () => ({
    toWorker: (leaf, payload) => (leaf === DOWN.tableResult ? null : payload),
  }),

  'where an instance was before stays in the maps': () => {
    const seen = new Map<string, Map<string, TableResultPayload['instance_list'][number]>>();
    return {
      toWorker(leaf, payload) {
        if (leaf !== DOWN.table && leaf !== DOWN.tableResult) return payload;
        if (leaf === DOWN.tableResult) {
          const result = read<TableResultPayload>(payload);
          return write({ ...result, instance_list: keep(seen, result.app_name, result.instance_list) });
        }
        const { entries } = read<TablePayload>(payload);
        return write({
          entries: entries.map(entry => ({
            ...entry,
            instances: keep(seen, entry.job_name, entry.instances as never),
          })),
        });
      },
    };
  },
};

/** Those that were told now, and all that ever were at another address. */
function keep<Row extends { instance_number: number; namespace_ip: string }>(
  seen: Map<string, Map<string, Row>>,
  jobName: string,
  rows: readonly Row[],
): Row[] {
  const known = seen.get(jobName) ?? new Map<string, Row>();
  seen.set(jobName, known);
  for (const row of rows)
    if (row.namespace_ip !== '') known.set(`${row.instance_number} ${row.namespace_ip}`, row);
  return [...rows.filter(({ namespace_ip }) => namespace_ip === ''), ...known.values()];
}

function read<T>(payload: Buffer): T {
  return JSON.parse(payload.toString()) as T;
}

function write(payload: object): Buffer {
  return Buffer.from(JSON.stringify(payload));
}
