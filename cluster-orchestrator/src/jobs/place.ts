import { messageOf } from '@hedgerow/common';
import { NO_USAGE, type Place, type PlaceAnswer } from '@hedgerow/protos';
import { about, aboutPlace } from '../logs/story.ts';
import { type Instance, instanceId, isWaiting } from '../model.ts';
import { demandOf } from '../scheduler/demand.ts';
import { schedule } from '../scheduler/schedule.ts';
import type { Jobs } from './context.ts';
import { sendDelete } from './deploy.ts';

export interface Placing {
  answer: PlaceAnswer;
  /** to be sent to its worker; null when nothing new was placed */
  placed: Instance | null;
}

/**
 * Finds a worker and stores the instance with it before anybody is told: an accepted placement outlives a power cut.
 * The same generation again changes nothing and gets the same answer. Never throws.
 */
export async function place(jobs: Jobs, message: Place): Promise<Placing> {
  const id = instanceId({ ...message.service, instance_number: message.instance_number });
  // an answer stands for what is on disk; the first one may still be on its way there
  for (let saving = jobs.instances.saving(id); saving; saving = jobs.instances.saving(id)) await saving;
  const known = jobs.instances.get(id);
  if (known && isRepeat(known, message)) return { answer: accepted(message, known.worker_id), placed: null };
  const wishes = { prefer: known?.worker_id };
  const held = known ? jobs.capacity.get(known.worker_id)?.instances.get(id) : undefined;
  jobs.capacity.release(id);
  const decision = schedule(jobs.capacity, demandOf(id, message.service, jobs.clusterName), wishes);
  if (decision.worker === null) {
    if (known && held) jobs.capacity.reserve(known.worker_id, held);
    if (known && isWaiting(known)) jobs.instances.forget(id);
    if (jobs.refusals.isNews(id, decision.detail)) {
      jobs.log.info({ ...aboutPlace(message), explain: decision.explain }, `refused: ${decision.detail}`);
    }
    return { answer: refused(message, decision.status, decision.detail), placed: null };
  }
  jobs.refusals.forget(id);
  const placed = placement(jobs, message, decision.worker, known);
  try {
    await jobs.instances.save(placed);
  } catch (error) {
    jobs.log.error({ ...about(placed), error: messageOf(error) }, 'placement could not be stored');
    const detail = `the cluster could not store the placement: ${messageOf(error)}`;
    return { answer: refused(message, 'NO_WORKER_CAPACITY', detail), placed: null };
  }
  await removeOldCopy(jobs, known, placed);
  return { answer: accepted(message, placed.worker_id), placed };
}

function isRepeat(known: Instance, message: Place): boolean {
  return known.desired === 'run' && !isWaiting(known) && known.generation >= message.generation;
}

function placement(jobs: Jobs, message: Place, workerId: string, known: Instance | undefined): Instance {
  return {
    id: instanceId({ ...message.service, instance_number: message.instance_number }),
    service_id: message.service.service_id,
    instance_number: message.instance_number,
    service: message.service,
    instance_ip: message.instance_ip,
    request_id: message.request_id,
    generation: message.generation,
    epoch: Math.max(known?.epoch ?? 0, message.epoch) + 1,
    desired: 'run',
    worker_id: workerId,
    status: 'NODE_SCHEDULED',
    status_detail: '',
    status_since: jobs.clock.now(),
    reason: '',
    moves: [],
    withdrawn: false,
    deploys: 1,
    namespace_ip: '',
    ...NO_USAGE,
  };
}

/** A new generation that went to another worker leaves a copy on the old one. */
async function removeOldCopy(jobs: Jobs, known: Instance | undefined, placed: Instance): Promise<void> {
  if (!known || known.worker_id === '' || known.worker_id === placed.worker_id) return;
  if (jobs.liveness.isThere(known.worker_id)) await sendDelete(jobs, known.worker_id, known);
}

function accepted(message: Place, workerId: string): PlaceAnswer {
  return {
    attempt_id: message.attempt_id,
    accepted: true,
    worker_id: workerId,
    status: 'NODE_SCHEDULED',
    status_detail: '',
  };
}

function refused(message: Place, status: string, detail: string): PlaceAnswer {
  return {
    attempt_id: message.attempt_id,
    accepted: false,
    worker_id: '',
    status,
    status_detail: detail,
  };
}
