import { HedgerowError } from '@hedgerow/common';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { execIn, listContainers } from '../docker/containers.ts';
import { ERRORS } from '../errors.ts';

/** `address` is the instance's own, as it says itself; '' = no answer. */
export interface Answer {
  address: string;
  text: string;
}

/** @throws UP_FAILED when the Engine has no such container */
export async function containerOf(
  socket: string,
  service: ApiService,
  instance: ApiInstance,
): Promise<string> {
  const found = await listContainers(socket, `hedgerow.job=${service.job_name}`);
  const wanted = { worker: instance.worker_id, number: String(instance.instance_number) };
  const container = found.find(
    ({ Labels }) =>
      Labels['hedgerow.worker'] === wanted.worker && Labels['hedgerow.instance'] === wanted.number,
  );
  if (container) return container.Id;
  const message = `the engine has no container of ${service.job_name}/${instance.instance_number}`;
  throw new HedgerowError(ERRORS.UP_FAILED, message);
}

/**
 * Requests one after the other from inside a container. They are one program there: `exec` costs 50 ms each time.
 * `timeout`, because wget -T of Debian 12's busybox-static ends with a segmentation fault.
 */
export async function request(
  socket: string,
  container: string,
  url: string,
  count: number,
): Promise<Answer[]> {
  const script = 'n=0; while [ $n -lt "$1" ]; do n=$((n+1)); timeout 2 wget -q -O - "$0" || echo "- -"; done';
  const { output } = await execIn(socket, container, ['sh', '-c', script, url, String(count)]);
  return output
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('wget:'))
    .map(line => {
      const [name, address] = line.split(' ');
      return name === '-' ? { address: '', text: '' } : { address: address ?? '', text: line };
    });
}

/** How many requests each address answered; '' counts those that nobody answered. */
export function tally(answers: readonly Answer[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { address } of answers) counts.set(address, (counts.get(address) ?? 0) + 1);
  return counts;
}
