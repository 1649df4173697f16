import { type IncomingMessage, request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { text } from 'node:stream/consumers';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  token?: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** ends the call, also in the middle of its answer */
  signal?: AbortSignal;
  /** who is asked, for the message about a bad address; the System Manager when left out */
  whom?: string;
}

export interface Answer {
  status: number;
  body: unknown;
}

const TIMEOUT_MS = 30_000;

/**
 * One call. `base` is `http://host:port`, `https://…` or `unix:/path/of/socket`.
 * @throws UNREACHABLE when nobody answers, NOT_AN_API when the answer is not JSON
 */
export async function send(base: string, call: Call): Promise<Answer> {
  return answerOf(base, await open(base, call));
}

/**
 * One call whose answer is read by the caller, perhaps for hours; a connection on which nothing has come for 30 s is
 * taken for dead. @throws UNREACHABLE when nobody answers
 */
export function open(base: string, call: Call): Promise<IncomingMessage> {
  const payload = call.body === undefined ? '' : JSON.stringify(call.body);
  const request = base.startsWith('https:') ? secure : plain;
  return new Promise((resolve, reject) => {
    const sent = request({ ...target(base, call), ...options(call, payload) }, resolve);
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    // Stays: an error in the middle of the answer is the reader's, and comes here as well.
    sent.on('error', cause => reject(unreachable(base, cause)));
    sent.end(payload);
  });
}

/** @throws UNREACHABLE when it breaks off, NOT_AN_API when it is not JSON */
export async function answerOf(base: string, response: IncomingMessage): Promise<Answer> {
  const body = await text(response).catch((cause: unknown) => {
    throw unreachable(base, cause);
  });
  const answer = readAnswer(base, response.statusCode ?? 0, body);
  if (answer instanceof Error) throw answer;
  return answer;
}

export function unreachable(base: string, cause: unknown): HedgerowError {
  return new HedgerowError(ERRORS.UNREACHABLE, `${base} does not answer: ${messageOf(cause)}`, { cause });
}

function target(base: string, { path, whom = 'System Manager' }: Call): RequestOptions {
  if (base.startsWith('unix:')) return { socketPath: base.slice('unix:'.length), path, host: 'localhost' };
  const url = parseUrl(base, whom);
  const port = url.port === '' ? {} : { port: url.port };
  return { protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), ...port, path };
}

function parseUrl(base: string, whom: string): URL {
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const message = `${JSON.stringify(base)} is no address of a ${whom}; allowed: http://host:port, https://…, unix:/path`;
  throw new HedgerowError(ERRORS.USAGE, message);
}

function options(call: Call, payload: string): RequestOptions {
  const headers: Record<string, string> = { accept: 'application/json', ...call.headers };
  if (call.token) headers.authorization = `Bearer ${call.token}`;
  if (payload !== '') headers['content-type'] = 'application/json';
  if (call.method !== 'GET') headers['content-length'] = String(Buffer.byteLength(payload));
  const signal = call.signal ? { signal: call.signal } : {};
  return { method: call.method, headers, timeout: TIMEOUT_MS, agent: false, ...signal };
}

function readAnswer(base: string, status: number, text: string): Answer | HedgerowError {
  if (text === '') return { status, body: null };
  try {
    return { status, body: JSON.parse(text) };
  } catch (cause) {
    const message = `${base} answered ${status} with something that is not JSON: ${text.slice(0, 80)}`;
    return new HedgerowError(ERRORS.NOT_AN_API, message, { cause });
  }
}
