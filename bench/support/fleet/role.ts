/** Starts one process of the product and waits until it says that it can do its work. */
import { closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf, flagsOf } from '@hedgerow/cli/entry';
import type { Lifecycle } from '@hedgerow/common';
import { inNetns, type Spawned, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';

const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));
/** Flags and variables that the launchers in `cli/bin` give to every role that stays. */
const SIZE_FLAGS = flagsOf('worker', []);
const SIZE_ENV = environmentOf('worker', []);
const START_LIMIT_MS = 30_000;

export interface RoleCall {
  /** `dist/<role>.mjs`, or the path of a program */
  role: string;
  /** of this process: its log is `<name>.log` */
  name: string;
  /** processes of one machine share a runtime */
  machine: string;
  /** file of the namespace to run in; the machine's own when left out */
  netns?: string;
  flags: string[];
  env?: Record<string, string>;
}

export interface StartedRole {
  pid: number;
  /** fields of the line that it logged when it was ready: its addresses */
  ready: Record<string, unknown>;
}

export class RoleStarter {
  readonly dir: string;
  readonly #life: Lifecycle;
  readonly #logs: string;
  readonly #ownRuntimes: boolean;
  readonly #running = new Map<string, { call: RoleCall; spawned: Spawned }>();

  /** @param dir for data and, with `ownRuntimes`, a copy of the node binary per machine */
  constructor(life: Lifecycle, dir: string, logs: string, ownRuntimes: boolean) {
    this.#life = life;
    this.dir = dir;
    this.#logs = logs;
    mkdirSync(logs, { recursive: true });
    this.#ownRuntimes = ownRuntimes;
  }

  /** @throws with the end of its log when the process is not ready in time */
  async start(call: RoleCall): Promise<StartedRole> {
    const program = call.role.includes('/') ? call.role : path.join(DIST, `${call.role}.mjs`);
    if (!existsSync(program)) throw new Error(`${program} is missing: npm run build`);
    const command = [await this.#runtime(call.machine), ...SIZE_FLAGS, program, ...call.flags];
    const log = path.join(this.#logs, `${call.name}.log`);
    const from = sizeOf(log);
    const output = openSync(log, 'a');
    const spawned = start(call.netns ? inNetns(call.netns, command) : command, {
      stdio: ['ignore', output, output],
      env: { ...SIZE_ENV, ...process.env, ...call.env },
    });
    closeSync(output);
    if (!this.#running.has(call.name))
      this.#life.add(call.name, () => this.#running.get(call.name)?.spawned.stop());
    this.#running.set(call.name, { call, spawned });
    const ready = await waitUntil(`${call.name} ready`, START_LIMIT_MS, 20, () =>
      readyLine(log, from, spawned),
    );
    return { pid: spawned.pid, ready };
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(name: string): Promise<void> {
    const { spawned } = this.#known(name);
    spawned.child.kill('SIGKILL');
    await spawned.stop();
  }

  /** The same process again, after `kill`. */
  restart(name: string): Promise<StartedRole> {
    return this.start(this.#known(name).call);
  }

  /** @returns what this process has logged, all its lives together */
  log(name: string): Promise<string> {
    return readFile(path.join(this.#logs, `${name}.log`), 'utf8');
  }

  #known(name: string): { call: RoleCall; spawned: Spawned } {
    const known = this.#running.get(name);
    if (!known) throw new Error(`nothing is called ${name}`);
    return known;
  }

  async #runtime(machine: string): Promise<string> {
    if (!this.#ownRuntimes) return process.execPath;
    const copy = path.join(this.dir, 'runtimes', machine, 'node');
    await mkdir(path.dirname(copy), { recursive: true });
    await copyFile(process.execPath, copy, constants.COPYFILE_EXCL).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    return copy;
  }
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

/** @param from bytes of the log that an earlier life of the process wrote */
async function readyLine(
  log: string,
  from: number,
  spawned: Spawned,
): Promise<Record<string, unknown> | null> {
  const text = (await readFile(log)).subarray(from).toString();
  if (spawned.child.exitCode !== null)
    throw new Error(`ended with ${spawned.child.exitCode}:\n${tail(text)}`);
  const line = text.split('\n').find(candidate => candidate.includes('"msg":"ready"'));
  return line === undefined ? null : (JSON.parse(line) as Record<string, unknown>);
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-10).join('\n');
}
