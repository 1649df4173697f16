/** One route: what it is (for the check and for the OpenAPI document) and what it does. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorKind, FieldError } from '@hedgerow/common';
import type { Static, TSchema } from 'typebox';
import type { Caller } from '../auth/caller.ts';
import { OPERATIONS, type Operation } from '../auth/matrix.ts';

/** Who may call: anybody, a logged-in user, the holder of a refresh token, those whose roles reach at all for an operation. */
export type Access = 'open' | 'token' | 'refresh' | Operation;

/** Does it take a role? */
export function isOperation(access: Access): access is Operation {
  return Object.hasOwn(OPERATIONS, access);
}

export interface BodySpec<B extends TSchema> {
  schema: B;
  /** Takes the place of the check that the schema gives, when there is more to check than a schema can say. */
  check?: (body: unknown) => FieldError[];
  /** BODY_INVALID when left out */
  error?: ErrorKind;
  example?: unknown;
}

export interface RouteSpec<B extends TSchema, A extends Access> {
  method: 'get' | 'post' | 'put' | 'delete';
  /** as in OpenAPI, without a trailing slash: `/api/service/{id}` */
  path: string;
  tag: string;
  summary: string;
  access: A;
  body?: BodySpec<B>;
  /** an object of optional strings and numbers; unknown keys are refused nowhere, old clients send what they like */
  query?: TSchema;
  /** null: the handler answers by itself with `stream` (server-sent events, logs) */
  response: TSchema | null;
  /** content type of a streamed answer */
  stream?: string;
  /** further statuses that an answer of the same kind may have, and what they mean */
  statuses?: Readonly<Record<number, string>>;
  /** those that the handler throws; the helper adds its own */
  errors?: readonly ErrorKind[];
}

export interface Call<B, A extends Access> {
  params: Readonly<Record<string, string>>;
  body: B;
  /** checked against `query`, defaults filled in */
  query: Readonly<Record<string, unknown>>;
  caller: A extends 'open' ? null : Caller;
  /** from the header `X-Request-Id`, or new; answered in the same header, and in every log line of what it caused */
  requestId: string;
  /** of a route with `stream`: headers of the request, and the answer to write to */
  http: { request: IncomingMessage; response: ServerResponse };
}

export interface Route {
  spec: RouteSpec<TSchema, Access>;
  /** @returns the body of the answer: what becomes JSON, a string too; a Buffer is JSON already */
  handle(call: Call<unknown, Access>): Promise<object | string>;
}

export function route<A extends Access, B extends TSchema>(
  spec: RouteSpec<B, A>,
  handle: (call: Call<Static<B>, A>) => Promise<object | string>,
): Route {
  return { spec, handle: handle as Route['handle'] } as Route;
}
