import { isId } from '@hedgerow/common';
import type { DeployPayload } from '@hedgerow/protos';

/** How a container says whose it is. Containers without these, or of another worker, are never touched. */
const LABEL = {
  marker: 'hedgerow',
  worker: 'hedgerow.worker',
  service: 'hedgerow.service',
  job: 'hedgerow.job',
  instance: 'hedgerow.instance',
  generation: 'hedgerow.generation',
  epoch: 'hedgerow.epoch',
} as const;

export type Labels = Readonly<Record<string, string>>;

export interface Labelled {
  service_id: string;
  job_name: string;
  instance_number: number;
  generation: number;
  epoch: number;
}

export function labelsFor(workerId: string, deploy: DeployPayload): Record<string, string> {
  return {
    [LABEL.marker]: 'instance',
    [LABEL.worker]: workerId,
    [LABEL.service]: deploy.service_id,
    [LABEL.job]: deploy.job_name,
    [LABEL.instance]: String(deploy.instance_number),
    [LABEL.generation]: String(deploy.generation),
    [LABEL.epoch]: String(deploy.epoch),
  };
}

/** @returns null unless these are the labels of an instance on this worker */
export function readLabels(workerId: string, labels: Labels): Labelled | null {
  const numbers = [LABEL.instance, LABEL.generation, LABEL.epoch].map(key =>
    Number(labels[key] ?? Number.NaN),
  );
  const [instance_number, generation, epoch] = numbers as [number, number, number];
  const job_name = labels[LABEL.job];
  if (labels[LABEL.worker] !== workerId || !job_name || !numbers.every(Number.isInteger)) return null;
  return { service_id: labels[LABEL.service] ?? '', job_name, instance_number, generation, epoch };
}

/** For Docker's `filters`. */
export function workerFilter(workerId: string): string {
  return `${LABEL.worker}=${workerId}`;
}

/**
 * The last 8 digits of the worker's id are random; the first 8 are the time of its making, which two workers on one
 * Docker Engine may share.
 */
export function containerName(workerId: string, jobName: string, instanceNumber: number): string {
  if (!isId(workerId)) throw new TypeError(`not a worker id: ${workerId}`);
  return `hedgerow-${workerId.slice(-8)}-${jobName}-${instanceNumber}`;
}

/** Of one whose instance has another container by now; no instance's name leads to it. */
export function setAsideName(container: string): string {
  return `hedgerow-ended-${container}`;
}
