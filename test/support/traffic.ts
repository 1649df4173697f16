/** Somebody who uses a service all the while, from inside a container of its application. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dockerJson } from '@hedgerow/cli';
import { eventually } from './eventually.ts';
import type { TestFleet } from './fleet.ts';
import type { Caller } from './stories.ts';

export interface Tally {
  asked: number;
  /** how many by the address that the instance had when it started */
  answers: Record<string, number>;
  lost: { at: string; after: number; why: string }[];
}

const PROGRAM = `${import.meta.dirname}/traffic-program.ts`;
/** ms */
const EVERY = 20;
const LIMIT = 2000;

export class Traffic {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (!child.stdout) throw new Error('no output');
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** Goes on when the container of `from` is started again only if its network namespace stays: it must not be. */
  static async start(fleet: TestFleet, from: Caller, address: string): Promise<Traffic> {
    const pid = await pidOf(fleet, from);
    const program = [process.execPath, PROGRAM, address, `${EVERY}`, `${LIMIT}`];
    const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const traffic = new Traffic(child);
    await traffic.#lines.next();
    return traffic;
  }

  /** What has ended since the last call. */
  async take(): Promise<Tally> {
    this.#child.stdin?.write('\n');
    return JSON.parse(String((await this.#lines.next()).value)) as Tally;
  }

  /** Waits until so many have ended since the last look. @returns what was taken */
  async asked(count: number): Promise<Tally> {
    const all: Tally = { asked: 0, answers: {}, lost: [] };
    const more = async () => {
      const { asked, answers, lost } = await this.take();
      all.asked += asked;
      all.lost.push(...lost);
      for (const [address, times] of Object.entries(answers))
        all.answers[address] = (all.answers[address] ?? 0) + times;
      return all;
    };
    return eventually(`${count} requests`, more, ({ asked }) => asked >= count, { timeout: 30_000 });
  }

  /**
   * Until there were so many answers in a row, in whatever calls, and none was lost.
   * @returns what was taken meanwhile
   */
  async settled(answers = 50): Promise<Tally[]> {
    const taken: Tally[] = [];
    let good = 0;
    await eventually(
      'the service answers',
      async () => {
        const tally = await this.take();
        taken.push(tally);
        good = tally.lost.length > 0 ? 0 : good + tally.asked;
        return { good, tally };
      },
      () => good >= answers,
      { timeout: 30_000, every: 100 },
    );
    return taken;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}

async function pidOf(fleet: TestFleet, { service, instance }: Caller): Promise<number> {
  const path = `/containers/${await fleet.containerOf(service, instance)}/json`;
  const { State } = await dockerJson<{ State: { Pid: number } }>(fleet.engine.socket, {
    method: 'GET',
    path,
  });
  return State.Pid;
}
