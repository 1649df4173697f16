/** One line of a contract table: a request to a running root, and what has to come back. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { call, type Reply } from '../../support/http.ts';
import type { Judge } from './document.ts';

/** What the steps of a table hand on to later ones: tokens by name, ids by name. */
export type Saved = Map<string, string>;

export interface Step {
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';
  /** `:name` stands for something saved */
  path: string;
  /** name of a saved token; nobody when left out */
  as?: string;
  body?: object | string | ((saved: Saved) => unknown);
  headers?: Record<string, string>;
  /** 200 when left out */
  status?: number;
  /** the stable word of an error */
  error?: string;
  /** the fields that an error names */
  paths?: readonly string[];
  check?: (body: never, saved: Saved, reply: Reply<unknown>) => void;
  /** names of what is kept of the answer */
  save?: (body: never) => Record<string, string>;
}

export interface Contract {
  url: () => string;
  judge: () => Judge;
  saved: Saved;
}

/** Each step a test, in the order of the table. */
export function runSteps(contract: Contract, steps: readonly Step[]): void {
  for (const step of steps) {
    it(`${step.method} ${step.path} ${step.as ?? 'anybody'}: ${step.name}`, () => runStep(contract, step));
  }
}

async function runStep({ url, judge, saved }: Contract, step: Step): Promise<void> {
  const path = step.path.replaceAll(/:(\w+)/g, (_, name: string) => need(saved, name));
  const body = typeof step.body === 'function' ? (step.body as (saved: Saved) => unknown)(saved) : step.body;
  const reply = await call(`${url()}${path}`, step.method, {
    ...(body === undefined ? {} : { body }),
    ...(step.as === undefined ? {} : { token: need(saved, step.as) }),
    ...(step.headers ? { headers: step.headers } : {}),
  });
  const shown = JSON.stringify(reply.body).slice(0, 500);
  assert.equal(reply.status, step.status ?? 200, shown);
  assert.equal(reply.headers.get('access-control-allow-origin'), '*', 'may be read from any origin');
  if (step.method !== 'OPTIONS') assert.equal(judge().fault(step.method, path, reply), '');
  if (reply.status >= 400) assertError(reply.body, step);
  assert.doesNotMatch(shown, /scrypt|password_hash|token_hash/, 'no hash leaves the root');
  step.check?.(reply.body as never, saved, reply);
  for (const [name, value] of Object.entries(step.save?.(reply.body as never) ?? {})) saved.set(name, value);
}

function assertError(body: unknown, step: Step): void {
  const {
    message,
    error,
    errors = [],
  } = body as { message: string; error: string; errors?: { path: string }[] };
  assert.equal(typeof message, 'string');
  assert.ok(message.length > 0);
  if (step.error !== undefined) assert.equal(error, step.error);
  if (step.paths) assert.deepEqual(errors.map(({ path }) => path).sort(), [...step.paths].sort());
}

function need(saved: Saved, name: string): string {
  const value = saved.get(name);
  assert.ok(value !== undefined, `nothing was saved as ${name}: an earlier step failed`);
  return value;
}
