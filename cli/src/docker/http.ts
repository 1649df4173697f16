import { request } from 'node:http';

/** The Engine's HTTP API over its socket: a few calls, so that the command line needs no client library. */
export interface DockerCall {
  method: string;
  path: string;
  body?: object | Buffer;
  /** ms in which nothing comes from the Engine, after which it counts as frozen; two minutes when left out */
  patience?: number;
}

/** ms; making an image is silent for a while */
const PATIENCE = 120_000;

export class DockerError extends Error {
  readonly status: number;

  constructor(call: DockerCall, status: number, text: string) {
    super(`Docker Engine: ${call.method} ${call.path}: ${status} ${text}`);
    this.name = 'DockerError';
    this.status = status;
  }
}

/** @throws DockerError for any status of 400 and above; errors of the socket as they are */
export function docker(socketPath: string, call: DockerCall): Promise<Buffer> {
  const [type, body] = encode(call.body);
  const headers = { host: 'docker', 'content-type': type, 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: call.method, path: call.path, headers }, response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answer = Buffer.concat(chunks);
        const status = response.statusCode ?? 0;
        if (status < 400) resolve(answer);
        else reject(new DockerError(call, status, messageIn(answer)));
      });
    });
    const patience = call.patience ?? PATIENCE;
    sent.setTimeout(patience, () => sent.destroy(new Error(`nothing came for ${patience / 1000} s`)));
    sent.once('error', reject);
    sent.end(body);
  });
}

export async function dockerJson<T>(socketPath: string, call: DockerCall): Promise<T> {
  return JSON.parse((await docker(socketPath, call)).toString()) as T;
}

function encode(body: object | Buffer | undefined): [string, Buffer] {
  if (body === undefined) return ['application/json', Buffer.alloc(0)];
  if (Buffer.isBuffer(body)) return ['application/x-tar', body];
  return ['application/json', Buffer.from(JSON.stringify(body))];
}

function messageIn(answer: Buffer): string {
  const text = answer.toString();
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
