/** Passes a request on to the root that leads: what needs its memory or its clusters' streams. */
import { type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import { HedgerowError, messageOf, parseAddress } from '@hedgerow/common';
import { DEFAULT_PORT } from '../config.ts';
import { ERRORS } from '../errors.ts';
import type { Leader } from './leadership.ts';

export interface ForwardDeps {
  /** of this process */
  rootId: string;
  /** Does this root lead? */
  leads: () => boolean;
  leader: () => Leader | null;
}

/**
 * @returns false when this root leads: then it has to answer by itself; true when the leader has answered, or when
 * nobody waits for an answer any more
 * @throws NO_LEADER, with `Retry-After` set on the response
 */
export type ForwardToLeader = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Names the root that passed the request on; a leader that has just lost its lease must not send it on for ever. */
const FORWARDED = 'x-hedgerow-forwarded-by';
/** ms until the leader answers with a head; how long the body takes does not matter */
const HEAD_WITHIN = 10_000;
/** s, for clients: a lease runs out in about that time */
const RETRY_AFTER = 5;
/** They are of one connection (RFC 9110, 7.6.1). */
const OF_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** To be called before the body of the request is read: it is passed on as it comes. */
export function forwarder({ rootId, leads, leader }: ForwardDeps): ForwardToLeader {
  return async (incoming, response) => {
    if (leads()) return false;
    // Its end was told already: nothing would end what is asked of the leader on its behalf.
    if (response.destroyed) return true;
    const target = leader();
    if (!target || target.address === '') throw noLeader(response, 'no root leads at the moment');
    if (incoming.headers[FORWARDED] !== undefined) {
      throw noLeader(response, 'the root that leads is changing');
    }
    await pass(incoming, response, { address: target.address, rootId });
    return true;
  };
}

interface Way {
  address: string;
  rootId: string;
}

function pass(incoming: IncomingMessage, response: ServerResponse, way: Way): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...targetOf(way.address),
        method: incoming.method,
        path: (incoming as { originalUrl?: string }).originalUrl ?? incoming.url,
        headers: headersFor(incoming, response, way.rootId),
      },
      answer => {
        outgoing.setTimeout(0);
        response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
        // An event stream may be silent for long: its head must not wait for the first event.
        response.flushHeaders();
        answer.pipe(response);
        answer.once('error', () => response.destroy());
        response.once('close', () => {
          outgoing.destroy();
          resolve();
        });
      },
    );
    outgoing.setTimeout(HEAD_WITHIN, () => outgoing.destroy(new Error('it did not answer in time')));
    outgoing.once('error', error => {
      if (response.headersSent) return void response.destroy();
      reject(noLeader(response, `the root that leads is out of reach: ${messageOf(error)}`));
    });
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
}

function targetOf(address: string): { socketPath: string } | { host: string; port: number } {
  const target = parseAddress(address, DEFAULT_PORT);
  return 'path' in target ? { socketPath: target.path } : target;
}

/** The leader answers under the request id that this root has given. */
function headersFor(
  incoming: IncomingMessage,
  response: ServerResponse,
  rootId: string,
): OutgoingHttpHeaders {
  const { host: _, ...headers } = endToEnd(incoming.headers);
  const requestId = response.getHeader('X-Request-Id');
  return {
    ...headers,
    ...framing(incoming, headers),
    [FORWARDED]: rootId,
    ...(requestId === undefined ? {} : { 'x-request-id': String(requestId) }),
  };
}

/** A body goes on as one whatever the method, for the leader would take bytes without a frame for its next request. */
function framing({ headers }: IncomingMessage, passed: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  return hasBody && passed['content-length'] === undefined ? { 'transfer-encoding': 'chunked' } : {};
}

function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const named = String(headers.connection ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OF_CONNECTION.includes(name) && !named.includes(name)),
  );
}

function noLeader(response: ServerResponse, message: string): HedgerowError {
  if (!response.headersSent) response.setHeader('Retry-After', RETRY_AFTER);
  return new HedgerowError(ERRORS.NO_LEADER, `${message}; try again in ${RETRY_AFTER} s`);
}
