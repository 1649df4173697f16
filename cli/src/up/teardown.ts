import { rmdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { listContainers, removeContainer } from '../docker/containers.ts';
import { removeImage } from '../docker/demo-image.ts';
import { ERRORS } from '../errors.ts';
import { unmountBelow } from '../system/mounts.ts';
import { childrenOf, endProcess, processesNaming } from '../system/process.ts';
import { answers } from './engine.ts';
import { removeNamespaces } from './namespaces.ts';
import { isDead, type Run, readRuns } from './run.ts';

/** Label of every container that a worker made: the worker's id. */
const WORKER_LABEL = 'hedgerow.worker';
const GRACE_MS = 8000;

/**
 * Removes everything that a run made: containers, processes, engine, namespaces, files. A step that fails does not
 * keep the next from running. Doing it twice does nothing.
 * @throws UP_FAILED naming all that failed
 */
export async function tearDown(run: Run): Promise<void> {
  const failures: unknown[] = [];
  const steps = [stopRoles, removeContainers, stopEngine, killRest, removeNetwork, removeFiles];
  for (const step of steps) {
    await step(run).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw incomplete(run, failures);
}

function incomplete({ id }: Run, failures: readonly unknown[]): HedgerowError {
  const why = failures.map(messageOf).join('; ');
  const message = `run ${id} was not removed completely (${why}); \`hedge down\` tries again`;
  return new HedgerowError(ERRORS.UP_FAILED, message, { cause: new AggregateError(failures) });
}

/** Removes what runs left behind whose owner is gone. @returns their ids */
export async function sweep(runs?: string): Promise<string[]> {
  const dead = readRuns(runs).filter(isDead);
  for (const run of dead) await tearDown(run);
  return dead.map(run => run.id);
}

/** Workers before the cluster before the root: a parent that goes first would make its children reconnect. */
async function stopRoles(run: Run): Promise<void> {
  const roles = run.record.processes.filter(({ name }) => name !== 'dockerd').reverse();
  const workers = roles.filter(({ name }) => name.startsWith('worker'));
  const others = roles.filter(({ name }) => !name.startsWith('worker'));
  await Promise.all(workers.map(id => endProcess(id, GRACE_MS)));
  for (const id of others) await endProcess(id, GRACE_MS);
}

/** The agents are gone, so nothing starts them again. */
async function removeContainers(run: Run): Promise<void> {
  const { engine, workers } = run.record;
  if (engine === null || !(await answers(engine.socket))) return;
  const containers = await listContainers(engine.socket, engine.own ? '' : WORKER_LABEL);
  const ours = containers.filter(({ Labels }) => engine.own || workers.includes(Labels[WORKER_LABEL] ?? ''));
  await Promise.all(ours.map(({ Id }) => removeContainer(engine.socket, Id)));
  for (const image of run.record.images) await removeImage(engine.socket, image);
}

async function stopEngine(run: Run): Promise<void> {
  for (const id of run.record.processes.filter(({ name }) => name === 'dockerd'))
    await endProcess(id, 15_000);
}

/** A killed dockerd leaves its containerd and the containers' shims: their command lines name the run's folder. */
async function killRest(run: Run): Promise<void> {
  const left = processesNaming(`${run.dir}/`);
  const programs = left.flatMap(childrenOf);
  await Promise.all([...programs, ...left].map(id => endProcess(id, 500)));
}

async function removeNetwork(run: Run): Promise<void> {
  await removeNamespaces(run.record.namespaces);
}

async function removeFiles(run: Run): Promise<void> {
  await unmountBelow(run.dir);
  rmSync(run.dir, { recursive: true, force: true, maxRetries: 3 });
  removeOwnFolders(dirname(run.dir));
  for (const folder of run.record.engine?.folders ?? []) removeEmpty(folder);
}

/** `…/hedgerow/runs`; a folder that somebody chose stays. */
function removeOwnFolders(runs: string): void {
  if (basename(dirname(runs)) !== 'hedgerow') return;
  removeEmpty(runs);
  removeEmpty(dirname(runs));
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT', 'EEXIST', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  }
}
