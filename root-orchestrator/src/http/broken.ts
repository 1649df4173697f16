/** What cannot be read as a request, or is not whole in time, is answered as every error is, and its connection closed. */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorKind, HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { answerOf } from './errors.ts';

/** Node's words for it; anything else is REQUEST_INVALID. */
const KINDS: Readonly<Record<string, [ErrorKind, string]>> = {
  HPE_HEADER_OVERFLOW: [ERRORS.HEADERS_TOO_LARGE, 'the head of the request is too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [ERRORS.BODY_TOO_LARGE, 'the extensions of a chunk are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [ERRORS.REQUEST_TIMEOUT, 'the request was not whole in time'],
};

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** To be called before others listen. */
export function answerBroken(server: Server): void {
  const underWay = new WeakMap<Socket, Set<Exchange>>();
  server.on('request', (request, response) => {
    const exchange = { request, response };
    const exchanges = underWay.get(request.socket) ?? new Set();
    underWay.set(request.socket, exchanges.add(exchange));
    response.once('close', () => exchanges.delete(exchange));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const isReadable = socket.writable && error.code !== 'ECONNRESET';
    if (isReadable && isNext([...(underWay.get(socket) ?? [])])) socket.end(rawAnswer(error));
    socket.destroySoon();
  });
}

/** Would what is written now be taken for the answer to what is broken? Not while another request waits for its own. */
function isNext([first, ...others]: readonly Exchange[]): boolean {
  if (first === undefined) return true;
  return others.length === 0 && !first.request.complete && !first.response.headersSent;
}

function rawAnswer(error: NodeJS.ErrnoException): string {
  const [kind, message] = KINDS[error.code ?? ''] ?? [
    ERRORS.REQUEST_INVALID,
    `what was sent is no HTTP request: ${messageOf(error)}`,
  ];
  const body = JSON.stringify(answerOf(new HedgerowError(kind, message)));
  return [
    `HTTP/1.1 ${kind.http} ${STATUS_CODES[kind.http]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(kind.retryable ? ['Retry-After: 1'] : []),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
