/** The Net Manager's interface over HTTP, for a Node Engine in another process. */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { TableEntry } from './link.ts';
import { type AttachResult, NET_PATHS, type NetManager, type NetStatus } from './net-api.ts';
import type { ApiError } from './root-api.ts';

/** What the Net Manager answered, or NET_UNREACHABLE when it did not answer. */
export class NetRequestError extends Error {
  /** stable word, as in the Net Manager's own errors */
  readonly code: string;
  /** HTTP status; 0 when there was no answer */
  readonly http: number;
  readonly errors: NonNullable<ApiError['errors']>;

  constructor(code: string, http: number, message: string, errors: ApiError['errors'] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'NetRequestError';
    this.code = code;
    this.http = http;
    this.errors = errors;
  }
}

export interface HttpNetManager extends NetManager {
  /** Closes idle connections. */
  close(): void;
}

/**
 * @param address `host:port`, a port on 127.0.0.1, or `unix:/path`
 * @param options.timeout ms until a call without an answer fails
 */
export function httpNetManager(address: string, options: { timeout?: number } = {}): HttpNetManager {
  const agent = new Agent({ keepAlive: true });
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const target = { ...targetOf(address), agent, method, path, timeout: options.timeout ?? 10_000 };
    const text = body === undefined ? '' : JSON.stringify(body);
    return parse(await exchange(target, text));
  };
  return {
    register: async body => void (await call('POST', NET_PATHS.register, body)),
    attach: async body => (await call('POST', NET_PATHS.attach, body)) as AttachResult,
    detach: async body => void (await call('POST', NET_PATHS.detach, body)),
    setTable: async body => void (await call('POST', NET_PATHS.table, body)),
    setEntry: async body => void (await call('POST', NET_PATHS.entry, body)),
    table: async () => (await call('GET', NET_PATHS.table)) as TableEntry[],
    status: async () => (await call('GET', NET_PATHS.status)) as NetStatus,
    close: () => agent.destroy(),
  };
}

type Target = { socketPath: string } | { host: string; port: number };
type Options = Target & { agent: Agent; method: string; path: string; timeout: number };

function targetOf(address: string): Target {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) };
  const at = address.lastIndexOf(':');
  return { host: at < 0 ? '127.0.0.1' : address.slice(0, at), port: Number(address.slice(at + 1)) };
}

interface Answer {
  status: number;
  text: string;
}

/** Every call may be repeated, so one that met a connection which the server had just closed is. */
async function exchange(options: Options, body: string): Promise<Answer> {
  try {
    return await once(options, body);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return await once(options, body);
  }
}

class StaleConnection extends Error {}

function once(options: Options, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ ...options, headers }, response => {
      collect(response).then(resolve, reject);
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer in ${options.timeout} ms`)));
    sent.once('error', (cause: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
      reject(stale ? new StaleConnection() : unreachable(cause));
    });
    sent.end(body);
  });
}

async function collect(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (cause) {
    throw unreachable(cause as Error);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

function unreachable(cause: Error): NetRequestError {
  return new NetRequestError('NET_UNREACHABLE', 0, `Net Manager: ${cause.message}`, [], cause);
}

function parse({ status, text }: Answer): unknown {
  if (status === 200) return text === '' ? undefined : JSON.parse(text);
  try {
    const { error, message, errors } = JSON.parse(text) as ApiError;
    return fail(new NetRequestError(error, status, message, errors));
  } catch (cause) {
    if (cause instanceof NetRequestError) throw cause;
    throw new NetRequestError('NET_UNREACHABLE', status, `Net Manager answered ${status}`, [], cause);
  }
}

function fail(error: NetRequestError): never {
  throw error;
}
