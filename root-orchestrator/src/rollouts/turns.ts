/** How an update of a service begins, turns around and ends: from document to document. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { HedgerowError, type New } from '@hedgerow/common';
import type { Microservice } from '@hedgerow/protos';
import { serviceSpec } from '../deployments/spec.ts';
import { ERRORS } from '../errors.ts';
import type { Rollout, Service } from '../model.ts';

const BEGINS = 'it begins';

export interface Begin {
  requestId: string;
  /** epoch s */
  seconds: number;
  /** is there an instance to replace? */
  populated: boolean;
}

export function isUnderWay(rollout: Rollout | null): rollout is Rollout {
  return rollout?.state === 'rolling' || rollout?.state === 'undoing';
}

/**
 * @returns the service with another specification, or null when it has this one already. Where workers would not notice
 * the difference, nothing is replaced and the generation stays.
 * @throws ROLLOUT_RUNNING while another update is under way; only taking that one back is possible then
 */
export function begun(service: Service, microservice: Microservice, begin: Begin): New<Service> | null {
  const { rollout } = service;
  if (isDeepStrictEqual(service.microservice, microservice)) return null;
  if (isUnderWay(rollout)) {
    const back = rollout.state === 'rolling' && isDeepStrictEqual(rollout.from.microservice, microservice);
    if (back) return turned(service, rollout, 'taken back by a request', begin.requestId);
    throw new HedgerowError(
      ERRORS.ROLLOUT_RUNNING,
      `an update of ${service.job_name} is under way (${rollout.detail}); wait for its end, or take it back by sending what there was before`,
    );
  }
  if (runAlike(service, microservice)) return { ...service, microservice };
  const to = { generation: nextGeneration(service), microservice };
  return {
    ...service,
    ...to,
    rollout: {
      state: begin.populated ? 'rolling' : 'done',
      detail: begin.populated ? BEGINS : 'there was no instance to replace',
      from: { generation: service.generation, microservice: service.microservice },
      to,
      started: begin.seconds,
      request_id: begin.requestId,
    },
  };
}

function nextGeneration({ generation, generation_floor = 0 }: Service): number {
  return Math.max(generation, generation_floor) + 1;
}

function runAlike(service: Service, microservice: Microservice): boolean {
  return isDeepStrictEqual(serviceSpec(service, service.microservice), serviceSpec(service, microservice));
}

/** An update that was done at once, of a service that had no instance: now it has. @returns null when it is no such */
export function takenUp(service: Service): New<Service> | null {
  const { rollout } = service;
  if (rollout?.state !== 'done') return null;
  return { ...service, rollout: { ...rollout, state: 'rolling', detail: BEGINS } };
}

/** The way back: what was there before becomes the newest specification, so that nobody takes it for older. */
export function turned(
  service: Service,
  rollout: Rollout,
  why: string,
  requestId = rollout.request_id,
): New<Service> {
  const to = { generation: nextGeneration(service), microservice: rollout.from.microservice };
  return {
    ...service,
    ...to,
    rollout: { ...rollout, state: 'undoing', detail: why, from: rollout.to, to, request_id: requestId },
  };
}

/** `done` with what was wanted, `undone` with what was there before, `failed` with some of both. */
export function ended(service: Service, rollout: Rollout, failure: string | null): New<Service> {
  if (failure !== null) return { ...service, rollout: { ...rollout, state: 'failed', detail: failure } };
  const isBack = rollout.state === 'undoing';
  const detail = isBack ? rollout.detail : 'every instance runs the new specification';
  return { ...service, rollout: { ...rollout, state: isBack ? 'undone' : 'done', detail } };
}
