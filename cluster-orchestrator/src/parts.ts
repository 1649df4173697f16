/** The parts between root and workers, made and tied together. */
import { messageOf, Seldom, SerialByKey, Turns } from '@hedgerow/common';
import type { ClusterDeps } from './app.ts';
import type { ClusterConfig } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import { Deadlines } from './jobs/deadlines.ts';
import { Leaks } from './jobs/leaks.ts';
import { Orders } from './jobs/orders.ts';
import { overdue } from './jobs/overdue.ts';
import { Refusals } from './jobs/refusals.ts';
import { Strays } from './jobs/strays.ts';
import { Waiting } from './jobs/waiting.ts';
import { about, tellStory } from './logs/story.ts';
import type { ClusterMeter } from './metrics/meter.ts';
import type { Broker } from './mqtt/broker.ts';
import { syncAsker, type Up } from './mqtt/dispatch.ts';
import { Downlink } from './mqtt/downlink.ts';
import { Tables } from './network/tables.ts';
import type { Dial } from './root/channel.ts';
import type { RootLink } from './root/link.ts';
import type { Reports } from './root/reports.ts';
import type { Reserve } from './root/reserve.ts';
import type { Subnets } from './root/subnets.ts';
import { buildRootward, lineToRoot } from './rootward.ts';
import { Capacity } from './scheduler/capacity.ts';
import type { Slot } from './slot.ts';
import type { State } from './state.ts';
import { tie } from './ties.ts';
import { Beats } from './workers/beats.ts';
import { Liveness } from './workers/liveness.ts';

export interface Parts {
  jobs: Jobs;
  up: Up;
  link: RootLink;
  subnets: Subnets;
  reserve: Reserve;
  leaks: Leaks;
  /** stops every timer */
  stop(): void;
}

export interface Origins {
  config: ClusterConfig;
  deps: ClusterDeps;
  state: State;
  /** started later than the parts that speak through it */
  broker: Slot<Broker>;
  /** port of the HTTP server, known when it listens */
  port: Slot<number>;
  meter: ClusterMeter;
  /** how the root is dialed; over gRPC when left out */
  dial?: Dial;
}

/**
 * ms that workers have to come back after a restart of the cluster when they did not say how long they take; moving what
 * runs on them would be the damage
 */
const START_GRACE = 30_000;
/** ms between two requests for a sync to one worker */
const SYNC_GAP = 3000;
/** Instances that are placed again at a time: so many are one commit of the store, and a short turn for the others. */
const MOST_MOVING = 100;

export function buildParts(origins: Origins): Parts {
  const { meter } = origins;
  const { clock } = origins.deps;
  const line = lineToRoot(origins);
  const jobs = buildJobs(origins, line.reports);
  const { link, subnets, reserve, aggregates, queries, logs } = buildRootward(origins, line, jobs);
  const deadlines = buildDeadlines(jobs, meter);
  const leaks = new Leaks(jobs, deadlines, clock);
  const beats = new Beats();
  tie({ jobs, deadlines, waiting: new Waiting(jobs), aggregates, beats, config: origins.config });
  meter.events.follow(jobs);
  jobs.instances.onChange(tellStory(jobs.log, id => jobs.workers.nameOf(id)));
  jobs.instances.onChange((before, after) => logs.instanceChanged(before, after));
  return {
    jobs,
    up: {
      ...{ jobs, beats, queries, logs, seldom: new Seldom(clock) },
      usageChanged: () => aggregates.touch(),
      askForSync: syncAsker(jobs, SYNC_GAP),
    },
    link,
    subnets,
    reserve,
    leaks,
    stop() {
      for (const part of [jobs.liveness, deadlines, leaks, queries, aggregates]) part.stop();
      logs.rootLost();
      jobs.tables.rootIsAway();
    },
  };
}

function buildJobs({ config, deps, state, broker }: Origins, reports: Reports): Jobs {
  const { instances, workers } = state;
  const downlink = new Downlink(broker.get, deps.log, deps.clock);
  const liveness = new Liveness({
    clock: deps.clock,
    deadAfter: config.workerDeadAfter,
    grace: Math.max(START_GRACE, config.workerDeadAfter),
    reachable: () => broker.get().reachable(),
    probe: id => void downlink.send(id, 'control/probe', {}),
  });
  const tables = new Tables({
    clock: deps.clock,
    instances,
    remote: state.remote,
    downlink,
    clusterId: state.clusterId,
    // a worker that is only awaited after a restart goes on serving
    carrier({ worker_id, former }) {
      const isThere = liveness.isExpected(worker_id);
      if (isThere || worker_id !== '') return isThere ? workers.get(worker_id) : undefined;
      return liveness.mayReturn(former) ? workers.get(former) : undefined;
    },
    isThere: id => liveness.isThere(id),
    // software of before there were parts does not say how soon it is back
    takesParts: id => (workers.get(id)?.back_in ?? 0) > 0,
  });
  const capacity = new Capacity();
  return {
    clusterName: config.name,
    ...deps,
    instances,
    refusals: new Refusals(),
    strays: new Strays(deps.clock),
    orders: new Orders((workerId, waiting) => capacity.setBacklog(workerId, waiting)),
    moving: new Turns({
      atOnce: MOST_MOVING,
      waiting: Number.POSITIVE_INFINITY,
      refuse: () => new RangeError(),
    }),
    workers,
    serial: new SerialByKey(),
    capacity,
    liveness,
    downlink,
    tables,
    report: report => reports.queue(report),
  };
}

function buildDeadlines(jobs: Jobs, meter: ClusterMeter): Deadlines {
  return new Deadlines(jobs.clock, async instance => {
    meter.events.overdue(instance);
    const { id } = instance;
    return overdue(jobs, id).then(
      () => true,
      (error: unknown) => {
        jobs.log.error({ ...about(instance), error: messageOf(error) }, 'deadline could not be acted upon');
        return false;
      },
    );
  });
}
