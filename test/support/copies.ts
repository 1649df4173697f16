/** What the Docker Engine runs of a fleet's instances. */
import { type Container, DockerError, dockerJson, listContainers } from '@hedgerow/cli';
import { eventually } from './eventually.ts';
import type { TestFleet } from './fleet.ts';

export interface Copy {
  /** of the container */
  id: string;
  /** host name of its worker */
  worker: string;
  /** `application.namespace.service.namespace/number` */
  instance: string;
  /** 0 when it does not run */
  pid: number;
}

/** Every container of an instance, whatever its state. @param job names of their jobs begin so */
export async function copies(fleet: TestFleet, job = ''): Promise<Copy[]> {
  const listed = await listContainers(fleet.engine.socket, 'hedgerow.worker');
  const named = listed.filter(({ Labels }) => Labels['hedgerow.job']?.startsWith(job));
  const seen = await Promise.all(named.map(container => copyOf(fleet, container)));
  return seen.filter(copy => copy !== null).sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

export async function runningCopies(fleet: TestFleet, job = ''): Promise<Copy[]> {
  return (await copies(fleet, job)).filter(({ pid }) => pid > 0);
}

function keyOf({ instance, worker }: Copy): string {
  return `${instance} ${worker}`;
}

async function copyOf(fleet: TestFleet, { Id, Labels }: Container): Promise<Copy | null> {
  const worker = [...fleet.workers.values()].find(({ id }) => id === Labels['hedgerow.worker']);
  const instance = `${Labels['hedgerow.job']}/${Labels['hedgerow.instance']}`;
  const state = await stateOf(fleet, Id);
  if (state === null) return null;
  return { id: Id, worker: worker?.name ?? '', instance, pid: state.Pid };
}

/** @returns null when the container has just been removed */
async function stateOf({ engine }: TestFleet, id: string): Promise<{ Pid: number } | null> {
  const path = `/containers/${id}/json`;
  try {
    return (await dockerJson<{ State: { Pid: number } }>(engine.socket, { method: 'GET', path })).State;
  } catch (error) {
    if (error instanceof DockerError && error.status === 404) return null;
    throw error;
  }
}

/** Waits until the running copies are as wanted. */
export function untilCopies(
  fleet: TestFleet,
  job: string,
  what: string,
  wanted: (running: Copy[]) => boolean,
  timeout = 30_000,
): Promise<Copy[]> {
  return eventually(what, () => runningCopies(fleet, job), wanted, { timeout, every: 50 });
}

/** Container and process of each: equal lists mean that nothing was started again. */
export function processesOf(all: readonly Copy[]): string[] {
  return all.map(({ instance, id, pid }) => `${instance} ${id.slice(0, 12)} ${pid}`);
}

/** SIGKILL to the first process of a container, as the kernel does when memory runs out. */
export function killCopy({ pid }: Copy): void {
  process.kill(pid, 'SIGKILL');
}
