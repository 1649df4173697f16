import { request } from 'node:http';

export interface JsonAnswer {
  status: number;
  body: unknown;
}

/** A registration is a few hundred bytes; more is not a Cluster Manager. */
const LARGEST_ANSWER = 64 * 1024;

/**
 * One POST of JSON over a connection of its own (`fetch` would bring several MB of undici for one call).
 * @param timeout ms for the whole exchange
 */
export function postJson(
  to: { host: string; port: number; path: string },
  body: object,
  timeout: number,
): Promise<JsonAnswer> {
  const payload = Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...to,
        method: 'POST',
        agent: false,
        signal: AbortSignal.timeout(timeout),
        headers: { 'content-type': 'application/json', 'content-length': payload.length },
      },
      response => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LARGEST_ANSWER) call.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }),
        );
      },
    );
    call.on('error', reject);
    call.end(payload);
  });
}

/** Text that is not JSON (a proxy's error page) is answered as it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
