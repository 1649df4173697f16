import { readFileSync } from 'node:fs';
import { type Clock, HedgerowError, isErrorOf } from '@hedgerow/common';
import type Docker from 'dockerode';
import { ERRORS } from '../../errors.ts';
import type { Executed } from '../runtime.ts';
import { call, GONE, translate } from './errors.ts';
import { Frames } from './frames.ts';

/** characters of output that are kept, from its end */
const KEPT = 200;

/** ms that the Engine has to say what it knows of a program that was given up */
const ANSWER = 500;

/**
 * Runs a program inside of a container and waits for its end. The Engine cannot end one, so it is killed here.
 * @param signal kills it
 * @throws RUNTIME_FAILED when the container does not run, or the call was given up; RUNTIME_AWAY when it was given up
 * because the Engine does not answer
 */
export async function runExec(
  { docker, clock }: { docker: Docker; clock: Clock },
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Executed> {
  const exec = await created(docker, container, command, signal);
  try {
    const output = await outputOf(exec, signal);
    const facts = await call(() => exec.inspect({ abortSignal: signal }));
    return { code: facts?.ExitCode ?? -1, output };
  } catch (error) {
    if (signal.aborted && !(await killed(exec, container, clock))) throw silent(error);
    throw translate(error);
  }
}

async function created(
  docker: Docker,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Docker.Exec> {
  const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal: signal };
  try {
    return await docker.getContainer(container).exec(options);
  } catch (error) {
    throw signal.aborted ? silent(error) : translate(error);
  }
}

function silent(cause: unknown): HedgerowError {
  return new HedgerowError(ERRORS.RUNTIME_AWAY, 'the Docker Engine does not answer', { cause });
}

async function outputOf(exec: Docker.Exec, signal: AbortSignal): Promise<string> {
  const stream = await exec.start({ abortSignal: signal });
  const frames = new Frames();
  let text = '';
  for await (const piece of stream)
    for (const { bytes } of frames.take(piece as Buffer)) text = `${text}${bytes}`.slice(-KEPT);
  return text.replace(/\s+/g, ' ').trim();
}

/** @returns whether the Engine answered; one that is frozen may do so later, and the program is killed then */
function killed(exec: Docker.Exec, container: string, clock: Clock): Promise<boolean> {
  const answered = kill(exec, container).then(
    () => true,
    error => !isErrorOf(error, ERRORS.RUNTIME_AWAY),
  );
  const late = Promise.withResolvers<boolean>();
  const cancel = clock.after(ANSWER, () => late.resolve(false));
  return Promise.race([answered, late.promise]).finally(cancel);
}

/**
 * Its pid is the machine's own; that it is still this container's is read from its cgroup. It leads a process group:
 * what it has started would stay, once for each check.
 */
async function kill(exec: Docker.Exec, container: string): Promise<void> {
  const facts = await call(() => exec.inspect(), GONE);
  if (!facts?.Running || facts.Pid <= 1) return;
  if (readFileSync(`/proc/${facts.Pid}/cgroup`, 'utf8').includes(container))
    process.kill(-facts.Pid, 'SIGKILL');
}
