import { isErrorOf, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Result } from './health.ts';

/** A program of the image, run inside of the container; exit code 0 is healthy. @param signal kills it */
export async function execProbe(
  runtime: Pick<Runtime, 'exec' | 'available'>,
  { container, command }: { container: string; command: readonly string[] },
  signal: AbortSignal,
): Promise<Result> {
  if (!runtime.available()) return { outcome: 'unknown', why: 'the container runtime is away' };
  const what = `${command[0]}`;
  try {
    const { code, output } = await runtime.exec(container, command, signal);
    if (code === 0) return { outcome: 'passed' };
    const said = output === '' ? '' : `: ${output}`;
    return { outcome: 'failed', why: `${what} exited with code ${code}${said}` };
  } catch (error) {
    const outcome = isErrorOf(error, ERRORS.RUNTIME_AWAY) ? 'unknown' : 'failed';
    return { outcome, why: `${what}: ${messageOf(error)}` };
  }
}
