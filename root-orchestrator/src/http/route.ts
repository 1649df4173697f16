/** One route: what it is (for the check and for the OpenAPI document) and what it does. */
import type { ErrorKind, FieldError } from '@hedgerow/common';
import type { Static, TSchema } from 'typebox';
import type { Caller } from '../auth/caller.ts';

/** Who may call: anybody, a logged-in user, a user with role Admin, the holder of a refresh token. */
export type Access = 'open' | 'token' | 'admin' | 'refresh';

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
  response: TSchema;
  /** those that the handler throws; the helper adds its own */
  errors?: readonly ErrorKind[];
}

export interface Call<B, A extends Access> {
  params: Readonly<Record<string, string>>;
  body: B;
  caller: A extends 'open' ? null : Caller;
}

export interface Route {
  spec: RouteSpec<TSchema, Access>;
  handle(call: Call<unknown, Access>): Promise<object>;
}

export function route<A extends Access, B extends TSchema>(
  spec: RouteSpec<B, A>,
  handle: (call: Call<Static<B>, A>) => Promise<object>,
): Route {
  return { spec, handle: handle as Route['handle'] } as Route;
}
