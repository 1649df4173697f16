import { firstLine } from '../output/lines.ts';
import type { InstanceState } from './instances.ts';

/** numbers that are named; of more it is said how many */
const NAMED = 5;

/** Why people wait: a phrase for each reason, with how many instances of a service have it. */
export function reasonsOf(late: readonly InstanceState[]): string[] {
  const groups = new Map<string, { first: InstanceState; numbers: number[] }>();
  for (const instance of late) {
    const { job_name, status, status_detail, instance_number } = instance;
    const reason = JSON.stringify([job_name, status, status_detail]);
    const group = groups.get(reason) ?? { first: instance, numbers: [] };
    group.numbers.push(instance_number);
    groups.set(reason, group);
  }
  return [...groups.values()].map(({ first, numbers }) => phrase(first, numbers));
}

function phrase({ job_name, status, status_detail }: InstanceState, numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const detail = status_detail === '' ? '' : `: ${firstLine(status_detail)}`;
  if (sorted.length === 1) return `${job_name}/${sorted[0]} is ${status}${detail}`;
  const named = sorted.slice(0, NAMED).join(', ');
  const more = sorted.length > NAMED ? ', …' : '';
  return `${sorted.length} instances of ${job_name} (${named}${more}) are ${status}${detail}`;
}
