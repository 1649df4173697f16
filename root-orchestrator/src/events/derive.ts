/** Which change of a document is worth an event, and what the event says. Pure. */
import type { ApiEvent } from '@hedgerow/protos';
import type { Application, Cluster, Instance, Service } from '../model.ts';

/** An event before it is told: without its time. */
export type Draft = Omit<ApiEvent, 'at'>;

type Kept<T> = T | null;

export function ofApplication(before: Kept<Application>, after: Kept<Application>): Draft[] {
  const known = after ?? before;
  if (!known) return [];
  const isSame = before && after && JSON.stringify(told(before)) === JSON.stringify(told(after));
  if (isSame) return [];
  const job_name = `${known.application_name}.${known.application_namespace}`;
  return [
    { ...EMPTY, kind: 'application', change: changeOf(before, after), application_id: known.id, job_name },
  ];
}

function told({ application_desc, extra }: Application) {
  return [application_desc, extra];
}

/** Numbers that are taken for instances say nothing. */
export function ofService(before: Kept<Service>, after: Kept<Service>): Draft[] {
  const known = after ?? before;
  if (!known) return [];
  const { id: service_id, application_id, job_name, generation, rollout } = known;
  const common = { ...EMPTY, service_id, application_id, job_name, generation };
  const request_id = rollout?.request_id ?? '';
  const own: Draft = { ...common, kind: 'service', change: changeOf(before, after), request_id };
  const events = before && after && before.generation === after.generation ? [] : [own];
  if (!after || !rollout || !isNews(before, after)) return events;
  const { state: status, detail: status_detail } = rollout;
  return [...events, { ...own, kind: 'rollout', change: 'changed', status, status_detail }];
}

function isNews(before: Kept<Service>, { rollout }: Service): boolean {
  const last = before?.rollout;
  return last?.state !== rollout?.state || last?.detail !== rollout?.detail;
}

const TOLD_OF_INSTANCE = [
  'status',
  'status_detail',
  'cluster_id',
  'worker_id',
  'namespace_ip',
  'epoch',
  'generation',
] as const;

/** Figures of cpu and memory say nothing. */
export function ofInstance(before: Kept<Instance>, after: Kept<Instance>): Draft[] {
  const known = after ?? before;
  if (!known) return [];
  const leaves = before?.desired === 'run' && after?.desired === 'gone';
  const isSame = before && after && TOLD_OF_INSTANCE.every(key => before[key] === after[key]);
  if (isSame && !leaves) return [];
  const { service_id, application_id, job_name, instance_number, generation } = known;
  const { status, status_detail, cluster_id, worker_id, request_id } = known;
  const which = { service_id, application_id, job_name, instance_number, generation };
  const how = { status, status_detail, cluster_id, worker_id, request_id };
  const change = leaves ? 'leaving' : changeOf(before, after);
  return [{ kind: 'instance', change, ...which, ...how }];
}

/** Figures of a cluster say nothing; whether it is connected does. */
export function ofCluster(before: Kept<Cluster>, after: Kept<Cluster>): Draft[] {
  const known = after ?? before;
  if (!known) return [];
  const event = { ...EMPTY, kind: 'cluster', cluster_id: known.id, job_name: known.name };
  const [was, is] = [before, after].map(cluster => (cluster?.connected_epoch ?? -1) >= 0);
  return [
    ...(before && after ? [] : [{ ...event, change: changeOf(before, after) }]),
    ...(after && was !== is ? [{ ...event, change: is ? 'connected' : 'disconnected' }] : []),
  ];
}

function changeOf(before: unknown, after: unknown): string {
  if (before === null) return 'created';
  return after === null ? 'removed' : 'changed';
}

const EMPTY = {
  application_id: '',
  service_id: '',
  status: '',
  status_detail: '',
  cluster_id: '',
  worker_id: '',
  request_id: '',
};
