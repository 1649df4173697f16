import { connect } from 'node:net';
import { messageOf } from '@hedgerow/common';
import type { Result } from './health.ts';

/** Who takes the connection is healthy; nothing is said on it. @param signal ends it */
export function tcpProbe(
  { address, port }: { address: string; port: number },
  signal: AbortSignal,
): Promise<Result> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port, signal });
    const done = (result: Result) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => done({ outcome: 'passed' }));
    socket.on('error', error =>
      done({ outcome: 'failed', why: `TCP ${address}:${port}: ${messageOf(error)}` }),
    );
  });
}
