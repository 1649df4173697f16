/** How long until the first request through the service IP is answered, seen from a container of the application. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lifecycle } from '@hedgerow/common';
import type { EngineWatch } from './docker/watch.ts';
import { inNetns, start } from './exec.ts';
import type { Fleet } from './fleet/fleet.ts';
import { waitUntil } from './wait.ts';
import { tieToWallClock } from './wall-clock.ts';

const KNOCKER = fileURLToPath(new URL('./net/first-answer.ts', import.meta.url));

export interface Knocker {
  /** @returns epoch ms of the first answer of `address` */
  firstAnswer(address: string): Promise<number>;
}

/** @param pid a process of the client's container */
export function openKnocker(life: Lifecycle, pid: number, port: number): Knocker {
  const command = inNetns(`/proc/${pid}/ns/net`, [process.execPath, KNOCKER, String(port)]);
  const program = start(command, { stdio: ['pipe', 'pipe', 'inherit'] });
  life.add('knocker', () => program.stop());
  const { stdin, stdout } = program.child;
  if (!stdin || !stdout) throw new Error('the knocker has no pipes');
  const answers = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    async firstAnswer(address) {
      stdin.write(`${address}\n`);
      return Number((await answers.next()).value);
    },
  };
}

/** @returns ms from the POST of an instance to the first answer through the service IP */
export async function deployUntilAnswer(
  fleet: Fleet,
  watch: EngineWatch,
  serviceId: string,
  knocker: Knocker,
): Promise<number> {
  const { RR_ip: address } = await fleet.api.service(serviceId);
  watch.forget();
  const begin = tieToWallClock().now();
  const answer = knocker.firstAnswer(address);
  const number = await fleet.api.createInstance(serviceId);
  const elapsed = (await answer) - begin;
  await fleet.api.removeInstance(serviceId, number);
  await watch.next('destroy');
  await waitUntil('instance gone', 20_000, 20, async () => {
    const { instance_list } = await fleet.api.service(serviceId);
    return instance_list.length === 0;
  });
  return elapsed;
}
