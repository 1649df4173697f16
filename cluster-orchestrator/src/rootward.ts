/** The parts that speak with the root, made and joined. */
import { messageOf } from '@hedgerow/common';
import { DOWN, type FromCluster, type FromRoot, type Welcome } from '@hedgerow/protos';
import { rootAddresses } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import { toReport } from './jobs/report.ts';
import { LogRelay } from './logs/relay.ts';
import { instanceId } from './model.ts';
import { Queries } from './network/queries.ts';
import type { Origins } from './parts.ts';
import { Aggregates } from './root/aggregates.ts';
import { createDialer } from './root/channel.ts';
import { type Down, dispatch } from './root/dispatch.ts';
import { type HelloSources, hello, listing } from './root/hello.ts';
import { RootLink } from './root/link.ts';
import { Reports } from './root/reports.ts';
import { Reserve } from './root/reserve.ts';
import { Subnets } from './root/subnets.ts';
import { type Slot, slot } from './slot.ts';
import type { State } from './state.ts';
import { aggregate } from './workers/aggregate.ts';
import { renumber } from './workers/renumber.ts';
import { holderOf } from './workers/workers.ts';

/** What speaks to the root before there is a link. */
export interface Line {
  links: Slot<RootLink>;
  reports: Reports;
  /** @returns false when the root is out of reach */
  send(message: FromCluster): boolean;
}

export interface Rootward {
  link: RootLink;
  subnets: Subnets;
  reserve: Reserve;
  aggregates: Aggregates;
  queries: Queries;
  logs: LogRelay;
}

export function lineToRoot({ meter, deps, state }: Origins): Line {
  const links = slot<RootLink>('the link to the root');
  const send = (message: FromCluster) => {
    const sent = links.get().send(message);
    if (sent) meter.link.sent(message);
    return sent;
  };
  const reports = new Reports({
    clock: deps.clock,
    send,
    told: report => state.instances.told(instanceId(report), report.moves ?? []),
  });
  return { links, reports, send };
}

export function buildRootward(origins: Origins, line: Line, jobs: Jobs): Rootward {
  const { clock } = origins.deps;
  const { links, send, reports } = line;
  const { capacity, workers, tables, downlink } = jobs;
  const subnets: Subnets = new Subnets({
    clock,
    send,
    late: (holder, subnet) => void reserve.late({ holder, subnet }),
  });
  const reserve = buildReserve(origins, subnets, links);
  const queries = new Queries({ tables, downlink, clock, send });
  const compute = () => aggregate(capacity.seats(), id => workers.usage(id));
  const aggregates = new Aggregates({ clock, compute, send });
  const logs = buildRelay(jobs, links, send);
  const down: Down = { jobs, subnets, queries, logs, send, regranted: regranting(jobs, reserve) };
  const link = links.set(buildLink(origins, { down, reports, aggregates, reserve }));
  return { link, subnets, reserve, aggregates, queries, logs };
}

/** It is the spare one's holder or a worker's, and may become a worker's at this moment. */
function regranting(jobs: Jobs, reserve: Reserve): Down['regranted'] {
  return async (holder, subnet) => {
    if (await reserve.replaced({ holder, subnet })) return;
    const worker = jobs.workers.all().find(one => holderOf(one) === holder);
    if (worker) await renumber(jobs, worker.id, subnet);
    else jobs.log.warn({ holder, subnet }, 'the root gave another subnet to a holder that is not known');
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

function buildLink(origins: Origins, parts: LinkParts): RootLink {
  const { config, deps, state, meter } = origins;
  const { down, reserve } = parts;
  const sources: HelloSources = { config, state, reserve, tables: down.jobs.tables, port: origins.port.get };
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
    onUp: welcome => welcomed(origins, parts, sources, welcome),
    onDown() {
      parts.reports.linkLost();
      down.subnets.linkLost();
      down.logs.rootLost();
      down.jobs.tables.rootIsAway();
    },
  });
}

function welcomed(
  { state, deps }: Origins,
  { down, reports, aggregates, reserve }: LinkParts,
  sources: HelloSources,
  welcome: Welcome,
): void {
  state.welcomed(welcome.cluster_id, welcome.epoch).catch((error: unknown) => {
    deps.log.error({ error: messageOf(error) }, 'the cluster id could not be stored');
  });
  // before the first entry arrives
  down.jobs.tables.rootIsBack(welcome.table_known);
  if (welcome.send_list) {
    const { instances, subnets } = listing(sources);
    const list = { instances: reports.completed(instances), subnets };
    if (down.send({ list })) reports.listed(list.instances);
    void reserve.confirm();
  }
  tellUntold(state, reports);
  reports.flush();
  aggregates.restart();
  reserve.balance();
}

/** What happened before a restart of the cluster, too. */
function tellUntold({ instances, workers }: State, reports: Reports): void {
  const untold = instances.all().filter(({ moves }) => moves.length > 0);
  for (const instance of untold) reports.queue(toReport(instance, workers.get(instance.worker_id)));
}
