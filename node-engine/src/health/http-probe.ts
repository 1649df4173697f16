import { request } from 'node:http';
import { messageOf } from '@hedgerow/common';
import type { Result } from './health.ts';

/**
 * Any answer from 200 to 399 is healthy. No redirect is followed, and nothing of the body is read.
 * @param signal ends it
 */
export function httpProbe(
  { address, port, path }: { address: string; port: number; path: string },
  signal: AbortSignal,
): Promise<Result> {
  const what = `GET http://${address}:${port}${path}`;
  return new Promise(resolve => {
    const failed = (why: string) => resolve({ outcome: 'failed', why: `${what}: ${why}` });
    try {
      const headers = { 'user-agent': 'hedgerow-health-check', connection: 'close' };
      const sent = request({ host: address, port, path, headers, agent: false, signal }, answer => {
        answer.on('error', () => {}).destroy();
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 400) resolve({ outcome: 'passed' });
        else failed(`answered ${status}`);
      });
      sent.on('error', error => failed(messageOf(error)));
      sent.end();
    } catch (error) {
      failed(messageOf(error));
    }
  });
}
