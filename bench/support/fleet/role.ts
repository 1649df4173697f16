/** Starts one process of the product and waits until it says that it can do its work. */
import { constants, existsSync, mkdirSync, openSync } from 'node:fs';
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
    const output = openSync(log, 'w');
    const spawned = start(call.netns ? inNetns(call.netns, command) : command, {
      stdio: ['ignore', output, output],
      env: { ...SIZE_ENV, ...process.env, ...call.env },
    });
    this.#life.add(call.name, () => spawned.stop());
    const ready = await waitUntil(`${call.name} ready`, START_LIMIT_MS, 20, () => readyLine(log, spawned));
    return { pid: spawned.pid, ready };
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

async function readyLine(log: string, spawned: Spawned): Promise<Record<string, unknown> | null> {
  const text = await readFile(log, 'utf8');
  if (spawned.child.exitCode !== null)
    throw new Error(`ended with ${spawned.child.exitCode}:\n${tail(text)}`);
  const line = text.split('\n').find(candidate => candidate.includes('"msg":"ready"'));
  return line === undefined ? null : (JSON.parse(line) as Record<string, unknown>);
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-10).join('\n');
}
