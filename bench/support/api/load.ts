/** Requests over connections that stay open: so many clients, each sends its next when the answer to its last is whole. */
import { Agent, request } from 'node:http';
import type { RootAddress } from '../root-api.ts';

export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  body?: string;
  token?: string;
}

export interface Load {
  /** how many at a time */
  clients: number;
  /** how many in all */
  count: number;
  /** @param index from 0 to `count` − 1 */
  call(index: number): Call;
}

export interface LoadResult {
  /** ms from sending to the last byte of the answer, one per request */
  latencies: number[];
  /** requests answered per second */
  rate: number;
}

/** @throws when any answer is not 200, with that answer */
export async function runLoad(address: RootAddress, load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.clients });
  const latencies: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (let index = next++; index < load.count; index = next++) {
      const begin = performance.now();
      await send(address, agent, load.call(index));
      latencies.push(performance.now() - begin);
    }
  };
  const begin = performance.now();
  try {
    await Promise.all(Array.from({ length: load.clients }, client));
  } finally {
    agent.destroy();
  }
  return { latencies, rate: load.count / ((performance.now() - begin) / 1000) };
}

/** @returns the body. @throws when the answer is not 200 */
export function send(address: RootAddress, agent: Agent, call: Call): Promise<Buffer> {
  const { method, path, body = '', token } = call;
  const headers: Record<string, string | number> = {};
  if (body !== '') {
    headers['content-type'] = 'application/json';
    headers['content-length'] = Buffer.byteLength(body);
  }
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    request({ ...address, agent, method, path, headers }, response => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => {
        const answer = Buffer.concat(parts);
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.toString()}`));
      });
    })
      .once('error', reject)
      .end(body);
  });
}
