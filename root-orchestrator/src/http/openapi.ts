/** The OpenAPI 3.1 document, made of the same routes and schemas that requests are checked by. */
import { STATUS_CODES } from 'node:http';
import type { ErrorKind } from '@hedgerow/common';
import { ErrorSchema } from '@hedgerow/protos';
import type { TSchema } from 'typebox';
import { ERRORS } from '../errors.ts';
import { hasOwnBound } from './admission.ts';
import { type Access, isOperation, type Route } from './route.ts';

type Json = Record<string, unknown>;

export function openApiDocument(routes: readonly Route[]): Json {
  const components = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const { path, method } = route.spec;
    paths[path] = { ...paths[path], [method]: operation(route, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Hedgerow System Manager',
      version: '1.0',
      description:
        'Log in with `POST /api/auth/login`, press **Authorize** and paste the token; then send an SLA with ' +
        '`POST /api/application` and ask for instances with `POST /api/service/{id}/instance`. Every path is ' +
        'served with and without a trailing slash.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(route => route.spec.tag))].map(name => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => a.localeCompare(b))),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token.' },
        refresh: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The refresh token.' },
      },
    },
  };
}

function operation(route: Route, components: Map<string, Json>): Json {
  const { spec } = route;
  const parameters = [...pathParameters(spec.path), ...queryParameters(spec.query)];
  return {
    operationId: operationId(spec.method, spec.path),
    tags: [spec.tag],
    summary: spec.summary,
    security: security(spec.access),
    ...(isOperation(spec.access) ? { 'x-operation': spec.access } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(spec.body ? { requestBody: requestBody(spec.body, components) } : {}),
    responses: responses(route, components),
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(match => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: TSchema | undefined): Json[] {
  const { properties = {} } = (query ?? {}) as {
    properties?: Record<string, TSchema & { description?: string }>;
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: false,
    ...(description === undefined ? {} : { description }),
    schema: JSON.parse(JSON.stringify(schema)) as Json,
  }));
}

/** `post /api/service/{id}/instance` → `postServiceInstance`; parameters at the end tell lists from single things. */
function operationId(method: string, path: string): string {
  const words = path
    .replace(/^\/(api\/)?/, '')
    .split('/')
    .map(word => word.replace(/^\{(\w+)\}$/, 'by-$1'));
  return [method, ...words].join('-').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function security(access: Access): Json[] {
  if (access === 'open') return [];
  return [{ [access === 'refresh' ? 'refresh' : 'bearer']: [] }];
}

function requestBody(body: NonNullable<Route['spec']['body']>, components: Map<string, Json>): Json {
  return {
    required: true,
    content: {
      'application/json': {
        schema: reference(body.schema, components),
        ...(body.example === undefined ? {} : { example: body.example }),
      },
    },
  };
}

function responses(route: Route, components: Map<string, Json>): Json {
  const byStatus = Map.groupBy(errorsOf(route), kind => kind.http);
  const failures = [...byStatus].map(([status, kinds]) => [
    String(status),
    {
      description: `${STATUS_CODES[status]}: ${kinds.map(kind => `\`${kind.code}\``).join(', ')}`,
      content: { 'application/json': { schema: reference(ErrorSchema, components) } },
    },
  ]);
  return {
    '200': { description: 'Done.', content: answer(route, components) },
    ...Object.fromEntries(
      Object.entries(route.spec.statuses ?? {}).map(([status, description]) => [
        status,
        { description, content: answer(route, components) },
      ]),
    ),
    ...Object.fromEntries(failures),
  };
}

function answer({ spec }: Route, components: Map<string, Json>): Json {
  const { response, stream } = spec;
  if (stream !== undefined && !response) return { [stream]: { schema: { type: 'string' } } };
  return { [stream ?? 'application/json']: { schema: response ? reference(response, components) : {} } };
}

function errorsOf({ spec }: Route): ErrorKind[] {
  const token = [ERRORS.TOKEN_MISSING, ERRORS.TOKEN_INVALID, ERRORS.TOKEN_EXPIRED];
  return [
    ...(spec.errors ?? []),
    ...(spec.access === 'open' ? [] : token),
    ...(isOperation(spec.access) ? [ERRORS.FORBIDDEN] : []),
    ...(hasOwnBound(spec) ? [] : [ERRORS.OVERLOADED]),
    ...(spec.body ? [ERRORS.BODY_MISSING, ERRORS.BODY_NOT_JSON, ERRORS.BODY_TOO_LARGE] : []),
    ...(spec.body ? [spec.body.error ?? ERRORS.BODY_INVALID] : []),
    ...(spec.query ? [ERRORS.QUERY_INVALID] : []),
    ERRORS.INTERNAL,
  ];
}

/** A schema with a title becomes a component, wherever it stands. */
function reference(schema: TSchema, components: Map<string, Json>): Json {
  const { title } = schema as { title?: string };
  if (title === undefined) return inline(schema, components);
  if (!components.has(title)) {
    components.set(title, {});
    components.set(title, inline(schema, components));
  }
  return { $ref: `#/components/schemas/${title}` };
}

function inline(schema: TSchema, components: Map<string, Json>): Json {
  const { properties, items, ...rest } = JSON.parse(JSON.stringify(schema)) as Json;
  const source = schema as { properties?: Record<string, TSchema>; items?: TSchema };
  return {
    ...rest,
    ...(properties && source.properties ? { properties: references(source.properties, components) } : {}),
    ...(items && source.items ? { items: reference(source.items, components) } : {}),
  };
}

function references(properties: Record<string, TSchema>, components: Map<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [key, reference(schema, components)]),
  );
}
