import { createSocket } from 'node:dgram';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

/**
 * The IPv4 address that this machine uses towards `host`: the kernel answers when a UDP socket is connected, and no
 * packet leaves. It is asked of the routes and never learnt from what a peer sees (that breaks behind NAT).
 * @throws REGISTRATION_FAILED when there is no route or no such name
 */
export function sourceAddress(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const fail = (cause: Error) => {
      socket.close();
      const message = `no IPv4 route to ${host}: ${messageOf(cause)}`;
      reject(new HedgerowError(ERRORS.REGISTRATION_FAILED, message, { cause }));
    };
    socket.once('error', fail);
    socket.connect(port, host, (cause?: Error) => {
      if (cause) return fail(cause);
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
  });
}
