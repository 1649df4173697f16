/** The OpenAPI document of a running root, as the judge of its answers: what it does not describe may not be answered. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { call, type Reply } from '../../support/http.ts';

type Json = Record<string, unknown>;

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: Json }> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
}

export interface Judge {
  /** `GET /api/service/{id}`, every route of the document */
  readonly routes: readonly string[];
  /** @returns the route that a request belongs to, "" when it is none of the document's */
  routeOf(this: void, request: { method: string; path: string }): string;
  /** @returns what is wrong with an answer, "" when nothing is */
  fault(method: string, path: string, reply: Reply<unknown>): string;
}

export async function openJudge(url: string): Promise<Judge> {
  const { body } = await call<Document>(`${url}/api/docs/openapi.json`, 'GET');
  const operations = Object.entries(body.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      template,
      method: method.toUpperCase(),
      operation,
    })),
  );
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(body as unknown as Json, 'document');
  const checks = new Map<string, ValidateFunction>();
  const compiled = (pointer: string): ValidateFunction => {
    const known = checks.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
    checks.set(pointer, known);
    return known;
  };
  const find = (method: string, path: string) => {
    const plain = new URL(path, 'http://root').pathname.replace(/(.)\/$/, '$1');
    const fitting = operations.filter(o => o.method === method && pattern(o.template).test(plain));
    return fitting.find(o => o.template === plain) ?? fitting[0];
  };
  return {
    routeOf({ method, path }) {
      const found = find(method, path);
      return found ? `${method} ${found.template}` : '';
    },
    routes: operations.map(({ method, template }) => `${method} ${template}`),
    fault(method, path, reply) {
      const found = find(method, path);
      if (!found)
        return reply.status === 404 || reply.status === 405 ? '' : `${method} ${path} is not in the document`;
      const answer = found.operation.responses[String(reply.status)];
      if (!answer) return `${method} ${found.template} answers ${reply.status}, which is not in the document`;
      const [type = '', content] = Object.entries(answer.content ?? {})[0] ?? [];
      const sent = reply.headers.get('content-type') ?? '';
      if (type !== '' && !sent.startsWith(type.split(';')[0] as string))
        return `content type ${sent}, not ${type}`;
      if (type !== 'application/json' || !content?.schema) return '';
      const check = compiled(
        pointerTo([
          'paths',
          found.template,
          method.toLowerCase(),
          'responses',
          String(reply.status),
          'content',
          type,
          'schema',
        ]),
      );
      return check(reply.body)
        ? ''
        : `${method} ${found.template} ${reply.status}: ${ajv.errorsText(check.errors)}`;
    },
  };
}

function pattern(template: string): RegExp {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function pointerTo(path: readonly string[]): string {
  return path
    .map(part => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('');
}
