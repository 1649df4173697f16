/** Mistakes made on purpose, to see that the model finds what a tier that makes them does. */
import { type Collection, type Document, every, isErrorOf, STORE_ERRORS } from '@hedgerow/common';
import { DOWN, type TablePayload, type TableResultPayload } from '@hedgerow/protos';
import type { What } from './events.ts';
import type { Mutation } from './mutation.ts';
import type { Plan } from './plan.ts';

export interface Mistake {
  /** Anew for each run: it may remember. */
  make(): Mutation;
  /** Schedules in which it may show; all when left out. */
  on?(plan: Plan): boolean;
}

const has = (...kinds: What['kind'][]) => ({
  on: ({ events }: Plan) => events.some(({ kind }) => kinds.includes(kind)),
});

/** All workers of a site are cut off for so long that they are given up together, and nothing is a reason to start anew. */
const LONG_SILENCE = {
  on: ({ temper, events }: Plan) =>
    temper === 'gentle' && events.some(event => event.kind === 'silence' && event.ms > 30_000),
};
const SILENCE = {
  on: ({ temper, events }: Plan) =>
    temper === 'gentle' && events.some(event => event.kind === 'silence' && event.ms > 5000),
};

export const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a worker forgets to remove': {
    make: () => ({
      toWorker: (leaf, payload) => (leaf === DOWN.delete ? null : payload),
    }),
  },

  'a worker takes up an order once and never a later one': {
    make: () => {
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
  },

  'a cluster places again under the same epoch': {
    make: () => ({
      toWorker(leaf, payload) {
        if (leaf !== DOWN.deploy) return payload;
        return write({ ...read<object>(payload), epoch: 1 });
      },
    }),
  },

  'a cluster does not say that a placement was given up': {
    make: () => ({
      toRoot(message) {
        if (!message.reports) return message;
        const reports = message.reports.reports.filter(({ status }) => status !== 'UNDEPLOYED');
        return { ...message, reports: { reports } };
      },
    }),
  },

  'the root does not remove what has to go': {
    make: () => ({
      toCluster: message => (message.remove ? null : message),
    }),
  },

  'the root takes what a cluster lists for nothing': {
    make: () => ({
      toRoot: message => (message.list ? { ...message, list: { ...message.list, instances: [] } } : message),
    }),
  },

  'changes of the network table are not told': {
    make: () => ({
      toWorker: (leaf, payload) => (leaf === DOWN.tableResult ? null : payload),
    }),
  },

  'where an instance was before stays in the maps': {
    make: () => {
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
  },

  'what silent workers run is given to the first one that is back': {
    ...LONG_SILENCE,
    make: () => ({
      cluster({ jobs: { liveness } }) {
        liveness.isAwaitedBack = () => false;
      },
    }),
  },

  'a cluster that hears nobody takes its workers for dead one by one': {
    ...SILENCE,
    make: () => ({
      cluster({ jobs: { liveness, clock } }) {
        const ghost = '0'.repeat(24);
        liveness.watch(ghost);
        every(clock, 1000, async () => liveness.synced(ghost));
      },
    }),
  },

  'who stays dark after a blackout is awaited for ever': {
    ...has('blackout'),
    make: () => ({
      cluster({ jobs: { liveness } }) {
        liveness.isAwaitedBack = () => true;
      },
    }),
  },

  'a worker that was off does nothing for two minutes': {
    ...has('blackout', 'power-off'),
    make: () => ({
      boots: (process, name) => (name.startsWith('w') ? process.pause(120_000) : Promise.resolve()),
    }),
  },

  'a broker does not take up what is subscribed to again': {
    ...has('broker-restart'),
    make: () => {
      const subscribed = new Set<string>();
      return { subscribes: id => !subscribed.has(id) && subscribed.add(id).has(id) };
    },
  },

  'a worker that was given up is taken back by its beats': {
    ...LONG_SILENCE,
    make: () => ({
      cluster({ jobs: { liveness } }) {
        liveness.heard = id => liveness.synced(id);
      },
    }),
  },

  'timers that run out while a process stands still are lost': {
    ...has('freeze'),
    make: () => ({
      clock: clock => ({
        ...clock,
        after(ms, callback) {
          const due = clock.monotonic() + ms;
          return clock.after(ms, () => {
            if (clock.monotonic() - due < 500) callback();
          });
        },
      }),
    }),
  },

  'a full disk says that it has what it has not': {
    ...has('disk-full'),
    make: () => ({
      store: ({ collection, ...store }) => ({
        ...store,
        collection: <T extends Document>(name: string, indexes: readonly (keyof T & string)[]) =>
          forgetful(collection<T>(name, indexes)),
      }),
    }),
  },

  'timers go by the wall clock': {
    ...has('clock-jump'),
    make: () => ({
      clock: clock => ({
        ...clock,
        after(ms, callback) {
          const begun = clock.now();
          let cancel = clock.after(ms, () => {
            const left = ms - (clock.now() - begun);
            if (left > 1) cancel = clock.after(left, callback);
            else callback();
          });
          return () => cancel();
        },
      }),
    }),
  },

  'a root whose store was put back does not hear which subnets there are': {
    ...has('restore'),
    make: () => ({
      toRoot: message => (message.list ? { ...message, list: { ...message.list, subnets: [] } } : message),
    }),
  },
};

/** What does not fit is dropped without a word. */
function forgetful<T extends Document>(collection: Collection<T>): Collection<T> {
  const instead =
    <R>(result: R) =>
    (error: unknown) => {
      if (isErrorOf(error, STORE_ERRORS.STORE_FULL)) return result;
      throw error;
    };
  return {
    ...collection,
    insert: document => collection.insert(document).catch(instead({ ...document, revision: 1 } as T)),
    replace: (document, revision) =>
      collection.replace(document, revision).catch(instead({ ...document, revision: revision + 1 } as T)),
    remove: (id, expected) => collection.remove(id, expected).catch(instead(true)),
  };
}

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
