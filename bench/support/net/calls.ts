/** Connect, one request, one answer: µs per call from one container to several addresses of another, in turns. */
import { fileURLToPath } from 'node:url';
import type { Lifecycle } from '@hedgerow/common';
import { inNetns, run, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';
import type { Netns } from './netns.ts';

const ANSWERER = fileURLToPath(new URL('./answerer.ts', import.meta.url));
const CALLER = fileURLToPath(new URL('./caller.ts', import.meta.url));
const PORT = '7007';

export async function serveCalls(life: Lifecycle, netns: Netns): Promise<void> {
  const answerer = start(inNetns(netns.path, [process.execPath, ANSWERER, PORT]));
  life.add('answerer', () => answerer.stop());
  await waitUntil('answerer', 5000, 50, async () => (await netns.run('ss', '-Hltn')).includes(`:${PORT} `));
}

export async function measureCalls(
  from: Netns,
  addresses: string[],
  count: number,
): Promise<Record<string, number[]>> {
  const command = [process.execPath, CALLER, PORT, String(count), ...addresses];
  return JSON.parse(await run(inNetns(from.path, command), 120_000)) as Record<string, number[]>;
}
