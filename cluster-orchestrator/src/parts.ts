/** The parts between root and workers, made and tied together. */
import { messageOf } from '@hedgerow/common';
import { DOWN, type FromCluster, type FromRoot, type Hello, type SubnetHold } from '@hedgerow/protos';
import type { ClusterDeps } from './app.ts';
import { type ClusterConfig, rootAddresses } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import { Deadlines } from './jobs/deadlines.ts';
import { overdue } from './jobs/overdue.ts';
import { Refusals } from './jobs/refusals.ts';
import { toReport } from './jobs/report.ts';
import { Waiting } from './jobs/waiting.ts';
import { LogRelay } from './logs/relay.ts';
import { about, tellStory } from './logs/story.ts';
import type { ClusterMeter } from './metrics/meter.ts';
import type { Broker } from './mqtt/broker.ts';
import { syncAsker, type Up } from './mqtt/dispatch.ts';
import { Downlink } from './mqtt/downlink.ts';
import { Queries } from './network/queries.ts';
import { Tables } from './network/tables.ts';
import { Aggregates } from './root/aggregates.ts';
import { createDialer, type Dial } from './root/channel.ts';
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
  /** how the root is dialed; over gRPC when left out */
  dial?: Dial;
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
  const isRecorded = (id: string) => (workers.get(id)?.subnet ?? '') !== '';
  const subnets = new Subnets({ clock, send, isRecorded });
  const queries = new Queries({ tables, downlink, clock, send });
  const compute = () => aggregate(capacity.seats(), id => workers.usage(id));
  const aggregates = new Aggregates({ clock, compute, send });
  const deadlines = buildDeadlines(jobs, meter);
  const beats = new Beats();
  const logs = buildRelay(jobs, links, send);
  const link = links.set(buildLink(origins, { jobs, subnets, queries, logs, send }, reports, aggregates));
  tie({ jobs, deadlines, waiting: new Waiting(jobs), aggregates, beats, config: origins.config });
  meter.events.follow(jobs);
  jobs.instances.onChange(tellStory(jobs.log, id => workers.nameOf(id)));
  jobs.instances.onChange((before, after) => logs.instanceChanged(before, after));
  const askForSync = syncAsker(jobs, SYNC_GAP);
  return {
    jobs,
    up: { jobs, beats, queries, logs, usageChanged: () => aggregates.touch(), askForSync },
    link,
    subnets,
    stop() {
      liveness.stop();
      deadlines.stop();
      queries.stop();
      logs.rootLost();
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

function buildRelay(
  { clock, instances, liveness, workers, downlink }: Jobs,
  links: Slot<RootLink>,
  send: (message: FromCluster) => boolean,
): LogRelay {
  return new LogRelay({
    clock,
    lookup: id => instances.get(id),
    isThere: id => liveness.isThere(id),
    nameOf: id => workers.nameOf(id),
    ask: (workerId, payload) => void downlink.send(workerId, DOWN.logs, payload),
    toRoot: chunk => void send({ log_chunk: chunk }),
    congested: () => links.get().congested,
  });
}

function buildDeadlines(jobs: Jobs, meter: ClusterMeter): Deadlines {
  return new Deadlines(jobs.clock, async instance => {
    meter.events.overdue(instance);
    const { id } = instance;
    await overdue(jobs, id).catch((error: unknown) => {
      jobs.log.error({ ...about(instance), error: messageOf(error) }, 'deadline could not be acted upon');
    });
  });
}

function buildLink(origins: Origins, down: Down, reports: Reports, aggregates: Aggregates): RootLink {
  const { config, deps, state, meter } = origins;
  const { tables } = down.jobs;
  const remember = ({ cluster_id, epoch }: { cluster_id: string; epoch: number }): void => {
    state.welcomed(cluster_id, epoch).catch((error: unknown) => {
      deps.log.error({ error: messageOf(error) }, 'the cluster id could not be stored');
    });
  };
  const dial = origins.dial ?? createDialer(config);
  return new RootLink({
    roots: rootAddresses(config.root),
    epoch: state.rootEpoch,
    dial(address) {
      const dialed = dial(address);
      dialed.stream.on('data', (message: FromRoot) => meter.link.received(message));
      return dialed;
    },
    ...deps,
    hello() {
      reports.clear();
      const message = hello(origins, down.subnets);
      meter.link.sent({ hello: message });
      return message;
    },
    onMessage: message => void dispatch(down, message),
    onUp(welcome) {
      remember(welcome);
      // before the first entry arrives
      tables.rootIsBack();
      reports.flush();
      aggregates.restart();
    },
    onDown() {
      down.subnets.linkLost();
      down.logs.rootLost();
      tables.rootIsAway();
    },
  });
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Everything that the cluster has accepted and not removed. Logs are left out: the root has them. */
function hello({ config, state, port }: Origins, subnets: Subnets): Hello {
  const instances = state.instances.all();
  return {
    cluster_name: config.name,
    cluster_location: config.location,
    port: port.get(),
    address: config.address || (isWildcard(config.host) ? '' : config.host),
    instances: instances.map(i => ({ ...toReport(i, state.workers.get(i.worker_id)), logs: '' })),
    subnets: [...heldSubnets(state), ...subnets.pending()],
    epoch: state.rootEpoch(),
    listed: true,
    instances_digest: 0,
    subnets_digest: 0,
    table_digest: 0,
  };
}

function heldSubnets({ workers }: State): SubnetHold[] {
  const held = workers.all().filter(({ subnet }) => subnet !== '');
  return held.map(({ id, subnet }) => ({ worker_id: id, subnet }));
}
