/**
 * A worker gets another subnet, because the root found that its own is another worker's. What runs there goes on; until
 * it is attached anew nobody is led to it.
 */
import { type Logger, messageOf, type SerialByKey } from '@hedgerow/common';
import { DOWN } from '@hedgerow/protos';
import type { Instances } from '../jobs/instances.ts';
import type { Downlink } from '../mqtt/downlink.ts';
import type { Workers } from './workers.ts';

export interface Renumbering {
  workers: Workers;
  instances: Pick<Instances, 'onWorker' | 'keep'>;
  downlink: Pick<Downlink, 'send'>;
  /** of everything that changes a worker, by its id */
  serial: SerialByKey;
  log: Logger;
}

/** Addresses go first: whatever fails after that, nobody is led to the other worker's. Never rejects. */
export async function renumber(ctx: Renumbering, workerId: string, subnet: string): Promise<void> {
  const { workers, serial, log } = ctx;
  await serial.run(workerId, async () => {
    const worker = workers.get(workerId);
    if (!worker || worker.subnet === subnet) return;
    const why = `subnet ${worker.subnet} of worker ${worker.hostname} is another worker’s; it has ${subnet} now`;
    log.warn({ worker: workerId, was: worker.subnet, subnet }, why);
    await withdrawAddresses(ctx, workerId);
    try {
      await workers.save({ ...worker, subnet, renumbered: why });
    } catch (error) {
      const fields = { worker: workerId, subnet, error: messageOf(error) };
      log.error(fields, 'the other subnet could not be stored; the root says it again on its next stream');
    }
  });
  await tellRenumbered(ctx, workerId);
}

/** To be called whenever the worker is there: it may have missed it. */
export async function tellRenumbered(
  { workers, downlink }: Pick<Renumbering, 'workers' | 'downlink'>,
  workerId: string,
): Promise<void> {
  const worker = workers.get(workerId);
  if (worker?.renumbered) await downlink.send(workerId, DOWN.register, { subnet: worker.subnet });
}

async function withdrawAddresses({ instances }: Renumbering, workerId: string): Promise<void> {
  const led = instances.onWorker(workerId).filter(({ namespace_ip }) => namespace_ip !== '');
  await Promise.all(led.map(instance => instances.keep({ ...instance, namespace_ip: '' })));
}
