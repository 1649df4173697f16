/** The parts between root and workers, made and tied together. */
import { messageOf, Seldom, Turns } from '@hedgerow/common';
import { DOWN, type FromCluster, type FromRoot, type Welcome } from '@hedgerow/protos';
import type { ClusterDeps } from './app.ts';
import { type ClusterConfig, rootAddresses } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import { Deadlines } from './jobs/deadlines.ts';
import { Leaks } from './jobs/leaks.ts';
import { Orders } from './jobs/orders.ts';
import { overdue } from './jobs/overdue.ts';
import { Refusals } from './jobs/refusals.ts';
import { toReport } from './jobs/report.ts';
import { Strays } from './jobs/strays.ts';
import { Waiting } from './jobs/waiting.ts';
import { LogRelay } from './logs/relay.ts';
import { about, tellStory } from './logs/story.ts';
import type { ClusterMeter } from './metrics/meter.ts';
import { instanceId } from './model.ts';
import type { Broker } from './mqtt/broker.ts';
import { syncAsker, type Up } from './mqtt/dispatch.ts';
import { Downlink } from './mqtt/downlink.ts';
import { Queries } from './network/queries.ts';
import { Tables } from './network/tables.ts';
import { Aggregates } from './root/aggregates.ts';
import { createDialer, type Dial } from './root/channel.ts';
import { type Down, dispatch } from './root/dispatch.ts';
import { type HelloSources, hello, listing } from './root/hello.ts';
import { RootLink } from './root/link.ts';
import { Reports } from './root/reports.ts';
import { Reserve } from './root/reserve.ts';
import { Subnets } from './root/subnets.ts';
import { Capacity } from './scheduler/capacity.ts';
import { type Slot, slot } from './slot.ts';
import type { State } from './state.ts';
import { tie } from './ties.ts';
import { aggregate } from './workers/aggregate.ts';
import { Beats } from './workers/beats.ts';
import { Liveness } from './workers/liveness.ts';
import { holderOf } from './workers/workers.ts';

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

/** ms that workers have to come back after a restart of the cluster; moving what runs on them would be the damage */
const START_GRACE = 30_000;
/** ms between two requests for a sync to one worker */
const SYNC_GAP = 3000;
/** Instances that are placed again at a time: so many are one commit of the store, and a short turn for the others. */
const MOST_MOVING = 100;

export function buildParts(origins: Origins): Parts {
  const { clock } = origins.deps;
  const links = slot<RootLink>('the link to the root');
  const { meter } = origins;
  const send = (message: FromCluster) => {
    const sent = links.get().send(message);
    if (sent) meter.link.sent(message);
    return sent;
  };
  const reports = new Reports({
    clock,
    send,
    told: report => origins.state.instances.told(instanceId(report), report.moves ?? []),
  });
  const jobs = buildJobs(origins, reports);
  const { capacity, workers, tables, downlink, liveness } = jobs;
  const subnets: Subnets = new Subnets({
    clock,
    send,
    late: (holder, subnet) => void reserve.late({ holder, subnet }),
  });
  const reserve = buildReserve(origins, subnets, links);
  const queries = new Queries({ tables, downlink, clock, send });
  const compute = () => aggregate(capacity.seats(), id => workers.usage(id));
  const aggregates = new Aggregates({ clock, compute, send });
  const deadlines = buildDeadlines(jobs, meter);
  const leaks = new Leaks(jobs, deadlines, clock);
  const beats = new Beats();
  const logs = buildRelay(jobs, links, send);
  const down = { jobs, subnets, queries, logs, send };
  const link = links.set(buildLink(origins, { down, reports, aggregates, reserve }));
  tie({ jobs, deadlines, waiting: new Waiting(jobs), aggregates, beats, config: origins.config });
  meter.events.follow(jobs);
  jobs.instances.onChange(tellStory(jobs.log, id => workers.nameOf(id)));
  jobs.instances.onChange((before, after) => logs.instanceChanged(before, after));
  const askForSync = syncAsker(jobs, SYNC_GAP);
  return {
    jobs,
    up: {
      ...{ jobs, beats, queries, logs, askForSync, seldom: new Seldom(clock) },
      usageChanged: () => aggregates.touch(),
    },
    link,
    subnets,
    reserve,
    leaks,
    stop() {
      liveness.stop();
      deadlines.stop();
      leaks.stop();
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
    capacity,
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
    return overdue(jobs, id).then(
      () => true,
      (error: unknown) => {
        jobs.log.error({ ...about(instance), error: messageOf(error) }, 'deadline could not be acted upon');
        return false;
      },
    );
  });
}

function buildReserve({ config, deps, state }: Origins, subnets: Subnets, links: Slot<RootLink>): Reserve {
  return new Reserve({
    ...deps,
    spares: state.spares,
    subnets,
    wanted: config.spareSubnets,
    connected: () => links.get().connected,
    used: () => state.workers.all().map(holderOf),
  });
}

interface LinkParts {
  down: Down;
  reports: Reports;
  aggregates: Aggregates;
  reserve: Reserve;
}

function buildLink(origins: Origins, { down, reports, aggregates, reserve }: LinkParts): RootLink {
  const { config, deps, state, meter, port } = origins;
  const { tables } = down.jobs;
  const sources: HelloSources = { config, state, reserve, tables, port: port.get };
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
      const message = hello(sources);
      meter.link.sent({ hello: message });
      return message;
    },
    onMessage: message => void dispatch(down, message),
    onUp(welcome) {
      remember(welcome);
      // before the first entry arrives
      tables.rootIsBack(welcome.table_known);
      tellAnew(state, reports, welcome, () => down.send({ list: listing(sources) }));
      aggregates.restart();
      reserve.balance();
    },
    onDown() {
      reports.linkLost();
      down.subnets.linkLost();
      down.logs.rootLost();
      tables.rootIsAway();
    },
  });
}

/** What the root may not know; a list is all of it, but for the output of what has failed. */
function tellAnew(
  { instances, workers }: State,
  reports: Reports,
  { send_list }: Welcome,
  list: () => boolean,
): void {
  const untold = instances.all().filter(({ moves }) => moves.length > 0);
  if (!send_list) for (const i of untold) reports.queue(toReport(i, workers.get(i.worker_id)));
  else if (list()) {
    reports.clear();
    for (const { id, moves } of untold) instances.told(id, moves);
  }
  reports.flush();
}
