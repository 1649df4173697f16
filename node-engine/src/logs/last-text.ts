import type { Runtime } from '../runtimes/runtime.ts';

/** Longest text that goes into a status report. */
const LONGEST = 4096;

/** The last lines that a program printed, their last 4096 characters. */
export async function lastText(
  runtime: Pick<Runtime, 'logs'>,
  container: string,
  tail: number,
): Promise<string> {
  const { signal } = new AbortController();
  let text = '';
  for await (const line of runtime.logs(container, { tail, after: '', follow: false, signal })) {
    text = `${text}${line.text}\n`.slice(-2 * LONGEST);
  }
  return text.trimEnd().slice(-LONGEST);
}
