import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { identify, isAlive, type ProcessId } from '../system/process.ts';

/**
 * One `hedge up` (or test). Everything that it makes is written down before it is made, so that another run can remove
 * what a killed one left behind.
 */
export interface RunRecord {
  id: string;
  owner: ProcessId;
  /** in the order of their start */
  processes: (ProcessId & { name: string })[];
  namespaces: string[];
  /** `own`: started by this run, holds nothing else; `folders` were not there before it */
  engine: { socket: string; own: boolean; folders: string[] } | null;
  /** made by this run in an engine that is not its own */
  images: string[];
  /** ids of this run's workers, which label their containers */
  workers: string[];
}

export interface Run {
  readonly id: string;
  readonly dir: string;
  readonly record: Readonly<RunRecord>;
  note(change: Partial<RunRecord>): void;
}

/** `HEDGEROW_RUNS`, else a short one, because sockets lie below it and a socket's path has at most 107 bytes. */
export function defaultRunsFolder(uid = process.getuid?.(), env = process.env): string {
  if (env.HEDGEROW_RUNS) return env.HEDGEROW_RUNS;
  if (uid === 0) return '/var/lib/hedgerow/runs';
  return join(env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'hedgerow', 'runs');
}

/** Four hex digits: they go into names of network links, which have at most 15 characters. */
export function openRun(runs = defaultRunsFolder()): Run {
  const owner = identify(process.pid);
  if (owner === null) throw new Error('this process cannot be found in /proc');
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  const id = freeId(runs);
  mkdirSync(join(runs, id), { mode: 0o700 });
  const record = { id, owner, processes: [], namespaces: [], engine: null, images: [], workers: [] };
  const run = recordOf(join(runs, id), record);
  run.note({});
  return run;
}

/** Runs whose folder is there, alive or not; a folder without a readable record is one that was just being made. */
export function readRuns(runs = defaultRunsFolder()): Run[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .map(id => readRun(join(runs, id)))
    .filter(run => run !== null);
}

/** Its `hedge up` is gone; what it started may go on. */
export function isDead({ record }: Run): boolean {
  return !isAlive(record.owner);
}

function readRun(dir: string): Run | null {
  try {
    return recordOf(dir, JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as RunRecord);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

function recordOf(dir: string, initial: RunRecord): Run {
  let record = initial;
  return {
    id: record.id,
    dir,
    get record() {
      return record;
    },
    note(change) {
      record = { ...record, ...change };
      const file = join(dir, 'run.json');
      writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}

function freeId(runs: string): string {
  for (;;) {
    const id = randomBytes(2).toString('hex');
    if (!existsSync(join(runs, id))) return id;
  }
}
