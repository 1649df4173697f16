import { messageOf } from '@hedgerow/common';
import { NO_USAGE, type Place, type PlaceAnswer, type StatusOf } from '@hedgerow/protos';
import { about, aboutPlace } from '../logs/story.ts';
import { type Instance, instanceId, isTombstone, isWaiting } from '../model.ts';
import { demandOf } from '../scheduler/demand.ts';
import { schedule } from '../scheduler/schedule.ts';
import type { Jobs } from './context.ts';
import { sendDelete } from './deploy.ts';
import { isStoreError } from './disk.ts';
import { toReport } from './report.ts';
import { stepped } from './steps.ts';

export interface Placing {
  /** null: not yet, and the root will ask again */
  answer: PlaceAnswer | null;
  /** to be sent to its worker; null when nothing new was placed */
  placed: Instance | null;
}

/**
 * Finds a worker and stores the instance with it before anybody is told: an accepted placement outlives a power cut.
 * The same generation again changes nothing and gets the same answer. Never throws.
 */
export function place(jobs: Jobs, message: Place): Promise<Placing> {
  return jobs.orders.placing(() => decide(jobs, message));
}

async function decide(jobs: Jobs, message: Place): Promise<Placing> {
  const id = idOf(message);
  // an answer stands for what is on disk; the first one may still be on its way there
  for (let saving = jobs.instances.saving(id); saving; saving = jobs.instances.saving(id)) await saving;
  const known = jobs.instances.get(id);
  if (known?.withdrawn) return withdrawn(jobs, message, known);
  if (known && isRepeat(known, message)) {
    await readdress(jobs, known, message);
    return { answer: accepted(message, known.worker_id), placed: null };
  }
  if (jobs.orders.full) return overloaded(jobs, message);
  if (known && mayStay(jobs, known, message))
    return store(jobs, message, known, placement(jobs, message, known.worker_id, known));
  const wishes = { prefer: known?.worker_id };
  const held = known ? jobs.capacity.get(known.worker_id)?.instances.get(id) : undefined;
  jobs.capacity.release(id);
  const decision = schedule(jobs.capacity, demandOf(id, message.service, jobs.clusterName), wishes);
  if (decision.worker === null) {
    if (known && held) jobs.capacity.reserve(known.worker_id, held);
    if (known && isWaiting(known)) {
      if (isForgotten(known, message)) return waitOn(jobs, known, message);
      jobs.instances.forget(id);
    }
    if (jobs.refusals.isNews(id, decision.detail)) {
      jobs.log.info({ ...aboutPlace(message), explain: decision.explain }, `refused: ${decision.detail}`);
    }
    return refusal(message, decision.status, decision.detail);
  }
  jobs.refusals.forget(id);
  return store(jobs, message, known, placement(jobs, message, decision.worker, known));
}

async function store(
  jobs: Jobs,
  message: Place,
  known: Instance | undefined,
  placed: Instance,
): Promise<Placing> {
  try {
    await jobs.instances.save(placed);
  } catch (error) {
    if (!isStoreError(error))
      jobs.log.error({ ...about(placed), error: messageOf(error) }, 'placement could not be stored');
    const why = jobs.instances.disk.trouble(jobs.clusterName) ?? messageOf(error);
    return refusal(message, 'NO_WORKER_CAPACITY', why);
  }
  void removeOldCopy(jobs, known, placed);
  return { answer: accepted(message, placed.worker_id), placed };
}

/**
 * The root does not know yet that an operator removed it here. It is told, and then gets its answer, so that it places
 * it nowhere else; while the worker is still at it there is nothing to tell, and so no answer.
 */
async function withdrawn(jobs: Jobs, message: Place, known: Instance): Promise<Placing> {
  if (!isTombstone(known)) return { answer: null, placed: null };
  jobs.report(toReport(known, undefined));
  await new Promise(resolve => setImmediate(resolve));
  const detail = `it was removed at cluster ${jobs.clusterName} by an operator`;
  return refusal(message, 'NO_WORKER_CAPACITY', detail);
}

function overloaded(jobs: Jobs, message: Place): Placing {
  const { clusterName, orders } = jobs;
  const detail = `cluster ${clusterName} has ${orders.underWay} placements under way, which is all that it takes at a time`;
  jobs.strays.tell('root', 'overload', more => {
    jobs.log.warn({ ...aboutPlace(message), more }, `refused: ${detail}`);
  });
  return refusal(message, 'NO_WORKER_CAPACITY', detail);
}

function idOf({ service, instance_number }: Place): string {
  return instanceId({ ...service, instance_number });
}

function isRepeat(known: Instance, message: Place): boolean {
  const isCurrent = known.generation >= message.generation && known.epoch >= message.epoch;
  return known.desired === 'run' && !isWaiting(known) && isCurrent;
}

/** A root whose store was put back may have given an address of this instance to another one: the tables follow it. */
async function readdress({ instances, log }: Jobs, known: Instance, message: Place): Promise<void> {
  const { instance_ip } = message;
  const { service_ip } = message.service;
  if (known.instance_ip === instance_ip && known.service.service_ip === service_ip) return;
  const was = { instance_ip: known.instance_ip, service_ip: known.service.service_ip };
  log.warn({ ...about(known), was, instance_ip, service_ip }, 'the instance has other addresses by now');
  await instances.keep({ ...known, instance_ip, service: { ...known.service, service_ip } });
}

/**
 * A placement that this disk has forgotten was told to the root: its worker gets the order anew above it, also when it
 * is only awaited. Without that nothing that is said of the instance would be believed.
 */
function mayStay({ liveness }: Jobs, known: Instance, message: Place): boolean {
  const isSame = known.generation === message.generation && isForgotten(known, message);
  const isWanted = known.desired === 'run' && !isWaiting(known);
  return isSame && isWanted && liveness.isExpected(known.worker_id);
}

/** Is what the root was told last more than this disk remembers? */
function isForgotten(known: Instance, { generation, epoch }: Place): boolean {
  return known.generation < generation || (known.generation === generation && known.epoch < epoch);
}

/**
 * It waits for room as before, but as what the root knows: a refusal would say of a question that the root has not asked
 * that it is not here, and nobody would have it. When it is asked, it is asked again.
 */
async function waitOn({ instances }: Jobs, known: Instance, message: Place): Promise<Placing> {
  const { generation, service } = message;
  await instances.keep({ ...known, service, generation, epoch: Math.max(known.epoch, message.epoch) });
  return { answer: null, placed: null };
}

function placement(jobs: Jobs, message: Place, workerId: string, known: Instance | undefined): Instance {
  const told = `placed on worker ${jobs.workers.nameOf(workerId)}`;
  const step = { status: 'NODE_SCHEDULED', worker_id: workerId, told } as const;
  const fresh: Instance = {
    id: idOf(message),
    service_id: message.service.service_id,
    instance_number: message.instance_number,
    service: message.service,
    instance_ip: message.instance_ip,
    request_id: message.request_id,
    generation: message.generation,
    epoch: Math.max(known?.epoch ?? 0, message.epoch) + 1,
    desired: 'run',
    worker_id: workerId,
    former: '',
    status: 'NODE_SCHEDULED',
    status_detail: '',
    status_since: 0,
    reason: '',
    moves: known?.moves ?? [],
    withdrawn: false,
    deploys: 1,
    namespace_ip: '',
    ...NO_USAGE,
  };
  return stepped(fresh, step, jobs.clock.now());
}

/** A new generation that went to another worker leaves a copy on the old one. */
async function removeOldCopy(jobs: Jobs, known: Instance | undefined, placed: Instance): Promise<void> {
  if (!known || known.worker_id === '' || known.worker_id === placed.worker_id) return;
  if (jobs.liveness.isThere(known.worker_id)) await sendDelete(jobs, known.worker_id, known);
}

function accepted(message: Place, workerId: string): PlaceAnswer {
  return answer(message, {
    accepted: true,
    worker_id: workerId,
    status: 'NODE_SCHEDULED',
    status_detail: '',
  });
}

function refusal(message: Place, status: StatusOf<'cluster'>, detail: string): Placing {
  const refused = { accepted: false, worker_id: '', status, status_detail: detail };
  return { answer: answer(message, refused), placed: null };
}

interface Told extends Omit<PlaceAnswer, 'attempt_id'> {
  status: StatusOf<'cluster'>;
}

function answer({ attempt_id }: Place, told: Told): PlaceAnswer {
  return { attempt_id, ...told };
}
