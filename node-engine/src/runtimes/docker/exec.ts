import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import type { Executed } from '../runtime.ts';
import { call, GONE, translate } from './errors.ts';
import { Frames } from './frames.ts';

/** characters of output that are kept, from its end */
const KEPT = 200;

/**
 * Runs a program inside of a container and waits for its end. The Engine cannot end one, so it is killed here.
 * @param signal kills it
 * @throws RUNTIME_FAILED when the container does not run, or the call was given up
 */
export async function runExec(
  docker: Docker,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Executed> {
  const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true };
  const exec = await call(() => docker.getContainer(container).exec({ ...options, abortSignal: signal }));
  if (!exec) throw translate(new Error('no answer'));
  try {
    const output = await outputOf(exec, signal);
    const facts = await call(() => exec.inspect({ abortSignal: signal }));
    return { code: facts?.ExitCode ?? -1, output };
  } catch (error) {
    if (signal.aborted) await kill(exec, container).catch(() => {});
    throw translate(error);
  }
}

async function outputOf(exec: Docker.Exec, signal: AbortSignal): Promise<string> {
  const stream = await exec.start({ abortSignal: signal });
  const frames = new Frames();
  let text = '';
  for await (const piece of stream)
    for (const { bytes } of frames.take(piece as Buffer)) text = `${text}${bytes}`.slice(-KEPT);
  return text.replace(/\s+/g, ' ').trim();
}

/** Its pid is the machine's own; that it is still this container's is read from its cgroup. */
async function kill(exec: Docker.Exec, container: string): Promise<void> {
  const facts = await call(() => exec.inspect(), GONE);
  if (!facts?.Running || facts.Pid <= 1) return;
  if (readFileSync(`/proc/${facts.Pid}/cgroup`, 'utf8').includes(container))
    process.kill(facts.Pid, 'SIGKILL');
}
