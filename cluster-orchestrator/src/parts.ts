/** The parts between root and workers, made and tied together. */
import { messageOf } from '@hedgerow/common';
import type { FromCluster, FromRoot, Hello } from '@hedgerow/protos';
import type { ClusterDeps } from './app.ts';
import type { ClusterConfig } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import { Deadlines } from './jobs/deadlines.ts';
import { overdue } from './jobs/overdue.ts';
import { Refusals } from './jobs/refusals.ts';
import { toReport } from './jobs/report.ts';
import { Waiting } from './jobs/waiting.ts';
import type { ClusterMeter } from './metrics/meter.ts';
import type { Broker } from './mqtt/broker.ts';
import { syncAsker, type Up } from './mqtt/dispatch.ts';
import { Downlink } from './mqtt/downlink.ts';
import { Queries } from './network/queries.ts';
import { Tables } from './network/tables.ts';
import { Aggregates } from './root/aggregates.ts';
import { createDialer } from './root/channel.ts';
import { type Down, dispatch } from './root/dispatch.ts';
import { RootLink } from './root/link.ts';
import { Reports } from './root/reports.ts';
import { Subnets } from './root/subnets.ts';
import { Capacity } from './scheduler/capacity.ts';
import { type Slot, slot } from './slot.ts';
import type { State } from './state.ts';
import { tie } from './ties.ts';
import { aggregate } from './workers/aggregate.ts';
import { Beats } from './workers/beats.ts';
import { Liveness } from './workers/liveness.ts';

export interface Parts {
  jobs: Jobs;
  up: Up;
  link: RootLink;
  subnets: Subnets;
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
}

/** ms that workers have to come back after a restart of the cluster; moving what runs on them would be the damage */
const START_GRACE = 30_000;
/** ms between two requests for a sync to one worker */
const SYNC_GAP = 3000;

export function buildParts(origins: Origins): Parts {
  const { clock } = origins.deps;
  const links = slot<RootLink>('the link to the root');
  const { meter } = origins;
  const send = (message: FromCluster) => {
    const sent = links.get().send(message);
    if (sent) meter.link.sent(message);
    return sent;
  };
  const reports = new Reports(send);
  const jobs = buildJobs(origins, reports);
  const { capacity, workers, tables, downlink, liveness } = jobs;
  const subnets = new Subnets({ clock, send });
  const queries = new Queries({ tables, downlink, clock, send });
  const compute = () => aggregate(capacity.seats(), id => workers.usage(id));
  const aggregates = new Aggregates({ clock, compute, send });
  const deadlines = buildDeadlines(jobs, meter);
  const beats = new Beats();
  const link = links.set(buildLink(origins, { jobs, subnets, queries, send }, reports, aggregates));
  tie({ jobs, deadlines, waiting: new Waiting(jobs), aggregates, beats, config: origins.config });
  meter.events.follow(jobs);
  const askForSync = syncAsker(jobs, SYNC_GAP);
  return {
    jobs,
    up: { jobs, beats, queries, usageChanged: () => aggregates.touch(), askForSync },
    link,
    subnets,
    stop() {
      liveness.stop();
      deadlines.stop();
      queries.stop();
      aggregates.stop();
      tables.rootIsAway();
    },
  };
}

function buildJobs({ config, deps, state, broker }: Origins, reports: Reports): Jobs {
  const { instances, workers } = state;
  const downlink = new Downlink(broker.get, deps.log);
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
    carrier: ({ worker_id }) => (liveness.isExpected(worker_id) ? workers.get(worker_id) : undefined),
    isThere: id => liveness.isThere(id),
  });
  return {
    clusterName: config.name,
    ...deps,
    instances,
    refusals: new Refusals(),
    workers,
    capacity: new Capacity(),
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
    await overdue(jobs, id).catch((error: unknown) => {
      jobs.log.error({ instance: id, error: messageOf(error) }, 'deadline could not be acted upon');
    });
  });
}

function buildLink(origins: Origins, down: Down, reports: Reports, aggregates: Aggregates): RootLink {
  const { config, deps, state, meter } = origins;
  const { tables } = down.jobs;
  const remember = (clusterId: string): void => {
    state.setClusterId(clusterId).catch((error: unknown) => {
      deps.log.error({ error: messageOf(error) }, 'the cluster id could not be stored');
    });
  };
  const dial = createDialer(config);
  return new RootLink({
    dial() {
      const dialed = dial();
      dialed.stream.on('data', (message: FromRoot) => meter.link.received(message));
      return dialed;
    },
    ...deps,
    hello() {
      reports.clear();
      const message = hello(origins);
      meter.link.sent({ hello: message });
      return message;
    },
    onMessage: message => void dispatch(down, message),
    onUp(clusterId) {
      remember(clusterId);
      // before the first entry arrives
      tables.rootIsBack();
      reports.flush();
      aggregates.restart();
    },
    onDown() {
      down.subnets.linkLost();
      tables.rootIsAway();
    },
  });
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Everything that the cluster has accepted and not removed. Logs are left out: the root has them. */
function hello({ config, state, port }: Origins): Hello {
  const instances = state.instances.all();
  return {
    cluster_name: config.name,
    cluster_location: config.location,
    port: port.get(),
    address: config.address || (isWildcard(config.host) ? '' : config.host),
    instances: instances.map(i => ({ ...toReport(i, state.workers.get(i.worker_id)), logs: '' })),
    subnets: [],
    epoch: 0,
  };
}
