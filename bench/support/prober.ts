/** Asks a service IP all the time, from a container of the application, and says what of it was answered. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from './bench.ts';
import { inNetns, start } from './exec.ts';
import type { Fleet } from './fleet/fleet.ts';
import { containersOf } from './instances.ts';
import { waitUntil } from './wait.ts';

const PROBE = fileURLToPath(new URL('./net/probe.ts', import.meta.url));
/** ms that an answer may take */
const ANSWER_LIMIT_MS = 2000;
const SETTLED_WITHIN_MS = 120_000;

/** ms since the epoch. */
export interface Asked {
  at: number;
  answered: number | null;
}

export interface Prober {
  /** Everything that was asked, and has ended, since the last call. */
  take(): Promise<Asked[]>;
}

/** @param client, server ids of services that run @param every ms between two requests */
export async function openProber(
  { life }: Pick<BenchContext, 'life'>,
  fleet: Fleet,
  { client, server }: { client: string; server: string },
  every: number,
): Promise<Prober> {
  const [container] = await containersOf(fleet, client);
  const pid = await fleet.docker.pid(container as string);
  const { RR_ip: address } = await fleet.api.service(server);
  const limits = [String(every), String(ANSWER_LIMIT_MS)];
  const command = [process.execPath, PROBE, address, '80', ...limits];
  const program = start(inNetns(`/proc/${pid}/ns/net`, command), { stdio: ['pipe', 'pipe', 'inherit'] });
  life.add('prober', () => program.stop());
  const { stdin, stdout } = program.child;
  if (!stdin || !stdout) throw new Error('the prober has no pipes');
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    async take() {
      stdin.write('\n');
      return JSON.parse(String((await lines.next()).value)) as Asked[];
    },
  };
}

/** Everything is answered, and no request of an earlier damage is under way any more. */
export async function untilAnswered(prober: Prober): Promise<void> {
  await waitUntil('the service answers', SETTLED_WITHIN_MS, 500, async () => {
    const asked = await prober.take();
    return asked.length > 10 && unanswered(asked) === 0;
  });
}

/** Longest time without an answer, ms: from the last good answer before it to the first one after it. */
export function longestSilence(asked: readonly Asked[]): number {
  const answers = asked.flatMap(({ answered }) => answered ?? []).sort((a, b) => a - b);
  return answers.slice(1).reduce((most, at, before) => Math.max(most, at - (answers[before] as number)), 0);
}

export function unanswered(asked: readonly Asked[]): number {
  return asked.filter(({ answered }) => answered === null).length;
}
