import { request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  token?: string;
  body?: unknown;
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
export function send(base: string, call: Call): Promise<Answer> {
  const payload = call.body === undefined ? '' : JSON.stringify(call.body);
  const request = base.startsWith('https:') ? secure : plain;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(
        new HedgerowError(ERRORS.UNREACHABLE, `${base} does not answer: ${messageOf(cause)}`, { cause }),
      );
    const sent = request({ ...target(base, call), ...options(call, payload) }, response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.once('error', fail);
      response.once('end', () => {
        const answer = readAnswer(base, response.statusCode ?? 0, Buffer.concat(chunks).toString());
        answer instanceof Error ? reject(answer) : resolve(answer);
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.once('error', fail);
    sent.end(payload);
  });
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
  const headers: Record<string, string> = { accept: 'application/json' };
  if (call.token) headers.authorization = `Bearer ${call.token}`;
  if (payload !== '') headers['content-type'] = 'application/json';
  if (call.method !== 'GET') headers['content-length'] = String(Buffer.byteLength(payload));
  return { method: call.method, headers, timeout: TIMEOUT_MS, agent: false };
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
