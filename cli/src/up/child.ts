import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { HedgerowError } from '@hedgerow/common';
import { entryOf, environmentOf, type From, flagsOf, type Role } from '../../bin/lib/entry.js';
import { nodeMissing, pinnedNode } from '../../bin/lib/node.js';
import { ERRORS } from '../errors.ts';
import { identify, isAlive } from '../system/process.ts';
import { tailOf } from '../system/tail.ts';
import { endingOf, wordsOf } from './ending.ts';
import { inNamespace } from './namespaces.ts';
import type { Run } from './run.ts';
import type { Part } from './supervise.ts';

export interface ChildOptions {
  /** unique in the run; also of its log, `<name>.log` */
  name: string;
  role: Role;
  args: readonly string[];
  /** secrets go here: arguments can be read by every user */
  env?: Record<string, string>;
  /** network namespace; that of this process when left out */
  namespace?: string;
  /** source or bundle of the role; the newest when left out */
  from?: From;
}

type Process = Pick<Part, 'id' | 'ending'>;

/** The fields of the one line that says that a role can do its work. */
export type ReadyLine = Record<string, unknown>;

export interface Child extends Part {
  ready: ReadyLine;
}

const READY_MS = 30_000;
/** A test's process must not make its children believe that they are tests; a bundle says itself where its assets are. */
const NOT_INHERITED = ['NODE_TEST_CONTEXT', 'NODE_OPTIONS', 'HEDGEROW_ASSETS'];

/**
 * Starts a role as a process of its own and waits until it is ready. It has a session of its own, so that Ctrl-C in a
 * terminal reaches only this process, which ends the others in order.
 * @param signal ends the wait; the process goes on
 */
export async function startChild(run: Run, options: ChildOptions, signal?: AbortSignal): Promise<Child> {
  const log = join(run.dir, `${options.name}.log`);
  // A role that is started again appends to its log: the line of the earlier process does not count.
  const from = existsSync(log) ? statSync(log).size : 0;
  const { id, ending } = spawnChild(options, log);
  run.note({ processes: [...run.record.processes, { name: options.name, ...id }] });
  const ready = await untilReady(options.name, { id, ending }, { log, from }, signal);
  return { name: options.name, id, log, ending, ready, again: until => startChild(run, options, until) };
}

function spawnChild(options: ChildOptions, log: string): Process {
  const [command, args] = commandOf(options);
  const file = openSync(log, 'a', 0o600);
  try {
    const env = { ...environmentOf(options.role, options.args), ...inherited(), ...options.env };
    const child = spawn(command, args, { stdio: ['ignore', file, file], detached: true, env });
    // The error (no such program) is also that there is no process id.
    child.once('error', () => {});
    const ending = endingOf(child);
    child.unref();
    const id = child.pid === undefined ? null : identify(child.pid);
    if (id !== null) return { id, ending };
  } finally {
    closeSync(file);
  }
  throw new HedgerowError(ERRORS.UP_FAILED, `${options.name} could not be started: ${command}`);
}

function commandOf(options: ChildOptions): [string, string[]] {
  const node = pinnedNode(dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) throw new HedgerowError(ERRORS.UP_IMPOSSIBLE, nodeMissing());
  const entry = entryOf(options.role, options.from);
  const command = [node, ...flagsOf(options.role, options.args), entry, ...options.args];
  if (options.namespace !== undefined) return inNamespace(options.namespace, command);
  return [node, command.slice(1)];
}

function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !NOT_INHERITED.includes(key)));
}

async function untilReady(
  name: string,
  { id, ending }: Process,
  { log, from }: { log: string; from: number },
  signal?: AbortSignal,
): Promise<ReadyLine> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const line = readyLine(readFileSync(log).subarray(from).toString());
    if (line !== null) return line;
    signal?.throwIfAborted();
    if (!isAlive(id)) throw failed(`${name} ended ${await wordsOf(ending)} before it was ready`, log);
    if (performance.now() > deadline) throw failed(`${name} is not ready after ${READY_MS / 1000} s`, log);
    await delay(15);
  }
}

/** A worker's Net Manager, a part of it, says that it is ready too. */
function readyLine(log: string): ReadyLine | null {
  for (const line of log.split('\n')) {
    if (!line.includes('"msg":"ready"')) continue;
    const fields = JSON.parse(line) as ReadyLine;
    if (fields.part === undefined) return fields;
  }
  return null;
}

function failed(what: string, log: string): HedgerowError {
  return new HedgerowError(ERRORS.UP_FAILED, `${what}:\n${tailOf(log)}`);
}
