import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';

/** What dockerode throws: a status and the Engine's own words, or the socket's error. */
interface DockerError {
  statusCode?: number;
  json?: { message?: string };
  reason?: string;
}

/** Answers that say that there is no such container. */
export const GONE: readonly number[] = [404];

const AWAY = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EACCES', 'ETIMEDOUT']);

export function statusOf(error: unknown): number {
  return (error as DockerError).statusCode ?? 0;
}

export function translate(error: unknown): HedgerowError {
  if (error instanceof HedgerowError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (statusOf(error) === 0 && AWAY.has(code)) {
    const message = `the Docker Engine does not answer: ${messageOf(error)}`;
    return new HedgerowError(ERRORS.RUNTIME_AWAY, message, { cause: error });
  }
  return new HedgerowError(ERRORS.RUNTIME_FAILED, `Docker: ${wordsOf(error)}`, { cause: error });
}

/** The Engine's own sentence, without dockerode's frame around it. */
export function wordsOf(error: unknown): string {
  const words = (error as DockerError).json?.message ?? messageOf(error);
  return words.trim().replace(/\.$/, '');
}

/** Runs a call; the answers in `fine` (404 = gone already) are no errors. */
export async function call<T>(action: () => Promise<T>, fine: readonly number[] = []): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (fine.includes(statusOf(error))) return null;
    throw translate(error);
  }
}
