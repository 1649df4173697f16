/** The parts between root and workers, made and tied together. */
import { messageOf } from '@hedgerow/common';
import type { Hello } from '@hedgerow/protos';
import type { ClusterDeps } from './app.ts';
import type { ClusterConfig } from './config.ts';
import type { Jobs } from './jobs/context.ts';
import { Deadlines } from './jobs/deadlines.ts';
import { overdue } from './jobs/overdue.ts';
import { toReport } from './jobs/report.ts';
import { Waiting } from './jobs/waiting.ts';
import type { Broker } from './mqtt/broker.ts';
import { syncAsker, type Up } from './mqtt/dispatch.ts';
import { Downlink } from './mqtt/downlink.ts';
import { Queries } from './network/queries.ts';
import { Tables } from './network/tables.ts';
import { Aggregates } from './root/aggregates.ts';
import { createDialer } from './root/channel.ts';
import { type Down, dispatch as dispatchDown } from './root/dispatch.ts';
import { RootLink } from './root/link.ts';
import { Reports } from './root/reports.ts';
import { Subnets } from './root/subnets.ts';
import { Capacity } from './scheduler/capacity.ts';
import type { State } from './state.ts';
import { tie } from './ties.ts';
import { aggregate } from './workers/aggregate.ts';
import { Beats } from './workers/beats.ts';
import { Liveness, type Standing } from './workers/liveness.ts';

export interface Parts {
  jobs: Jobs;
  up: Up;
  link: RootLink;
  subnets: Subnets;
  aggregates: Aggregates;
  /** stops every timer */
  stop(): void;
}

/** ms that workers have to come back after a restart of the cluster; moving what runs on them would be the damage */
const START_GRACE = 30_000;
/** ms between two requests for a sync to one worker */
const SYNC_GAP = 3000;

/** @param broker not started yet; used from the first message on */
export function buildParts(
  config: ClusterConfig,
  deps: ClusterDeps,
  state: State,
  broker: () => Broker,
): Parts {
  const { clock, log } = deps;
  const { instances, workers } = state;
  const capacity = new Capacity();
  const downlink = new Downlink(broker, log);
  const standing = { changed: (_id: string, _standing: Standing) => {} };
  const liveness = new Liveness({
    clock,
    deadAfter: config.workerDeadAfter,
    grace: Math.max(START_GRACE, config.workerDeadAfter),
    reachable: () => broker().reachable(),
    probe: id => void downlink.send(id, 'control/probe', {}),
    changed: (id, next) => standing.changed(id, next),
  });
  const tables = new Tables({
    clock,
    instances,
    remote: state.remote,
    downlink,
    clusterId: state.clusterId,
    // a worker that is only awaited after a restart goes on serving
    carrier: instance =>
      liveness.isExpected(instance.worker_id) ? workers.get(instance.worker_id) : undefined,
    isThere: id => liveness.isThere(id),
  });
  const link: RootLink = new RootLink({
    dial: createDialer(config),
    clock,
    log,
    hello: () => {
      reports.clear();
      return hello(config, state);
    },
    onMessage: message => void dispatchDown(down, message),
    onUp: clusterId => {
      tables.rootIsBack();
      void welcome(clusterId);
    },
    onDown: () => {
      subnets.linkLost();
      tables.rootIsAway();
    },
  });
  const reports = new Reports(message => link.send(message));
  const subnets = new Subnets({ clock, send: message => link.send(message) });
  const queries = new Queries({ tables, downlink, clock, send: message => link.send(message) });
  const aggregates = new Aggregates({
    clock,
    compute: () => aggregate(capacity.seats(), id => workers.usage(id)),
    send: message => link.send(message),
  });
  const jobs: Jobs = {
    clusterName: config.name,
    clock,
    log,
    instances,
    workers,
    capacity,
    liveness,
    downlink,
    tables,
    report: report => reports.queue(report),
  };
  const down: Down = { jobs, subnets, queries, send: message => link.send(message) };
  const beats = new Beats();
  const deadlines = new Deadlines(clock, async ({ id }) => {
    await overdue(jobs, id).catch((error: unknown) => {
      log.error({ instance: id, error: messageOf(error) }, 'deadline could not be acted upon');
    });
  });
  const welcome = async (clusterId: string): Promise<void> => {
    try {
      await state.setClusterId(clusterId);
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the cluster id could not be stored');
    }
    reports.flush();
    aggregates.restart();
  };
  standing.changed = tie({ jobs, deadlines, waiting: new Waiting(jobs), aggregates, beats, config });
  return {
    jobs,
    up: {
      jobs,
      beats,
      queries,
      usageChanged: () => aggregates.touch(),
      askForSync: syncAsker(jobs, SYNC_GAP),
    },
    link,
    subnets,
    aggregates,
    stop() {
      liveness.stop();
      deadlines.stop();
      queries.stop();
      aggregates.stop();
      tables.rootIsAway();
    },
  };
}

/** Everything that the cluster has accepted and not removed. Logs are left out: the root has them. */
function hello(config: ClusterConfig, state: State): Hello {
  return {
    cluster_name: config.name,
    cluster_location: config.location,
    port: config.port,
    address: config.address || config.host,
    instances: state.instances
      .all()
      .map(instance => ({ ...toReport(instance, state.workers.get(instance.worker_id)), logs: '' })),
  };
}
