/** Starts a root, puts something into it, and lets schemathesis ask it for everything that its document describes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openRun, startRoot, tearDown } from '@hedgerow/cli';
import { sla } from './contract/api/steps/slas.ts';
import { call, login } from './support/http.ts';

const SECONDS = '120';
/** Streams have no end, and no schema that an answer could be held to. */
const STREAMS = '/(events|logs)$';
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

const [program = '', ...rest] = process.argv.slice(2);
const { values } = parseArgs({
  args: rest,
  options: { seconds: { type: 'string', default: SECONDS }, seed: { type: 'string' } },
});

const THINGS = 40;

interface Made {
  applicationID: string;
  microservices: string[];
}

/** Ids of things that are there, by the routes that take them: made up ids would only ever meet 404. */
async function prepare(url: string, token: string): Promise<Record<string, Record<string, string[]>>> {
  const post = async <T>(path: string, body?: unknown) =>
    (await call<T>(`${url}${path}`, 'POST', { token, body })).body;
  const made: Made[] = [];
  for (let n = 0; n < THINGS; n++)
    made.push(...(await post<Made[]>('/api/application', sla(`fuzzed${n}`, ['web']))));
  const services = made.flatMap(application => application.microservices);
  for (const id of services) await post(`/api/service/${id}/instance`);
  const applications = made.map(application => application.applicationID);
  const users = ['ada', 'bob', 'eve'];
  for (const name of users) await post('/api/auth/register', { name, password: 'nine and more' });
  const organization = JSON.parse(
    await post<string>('/api/organization', { name: 'fuzzed', member: [] }),
  ) as string;
  return {
    '/api/application/{id}': { id: applications },
    '/api/services/{appid}': { appid: applications },
    '/api/service/{id}': { id: services },
    '/api/service/{id}/instance': { id: services },
    '/api/service/{id}/instance/{number}': { id: services, number: ['0', '1', '-1'] },
    '/api/organization/{id}': { id: [organization] },
    '/api/user/{username}': { username: users },
  };
}

/** In schemathesis' own form. */
function configuration(ids: Record<string, Record<string, string[]>>): string {
  const tables = Object.entries(ids).map(([path, parameters]) => {
    const lines = Object.entries(parameters).map(
      ([name, values]) => `"path.${name}" = ${JSON.stringify(values)}`,
    );
    return `[[operations]]\ninclude-path = ${JSON.stringify(path)}\nparameters = { ${lines.join(', ')} }\n`;
  });
  return tables.join('\n');
}

async function fuzz(url: string): Promise<number> {
  const token = await login(url);
  const file = join(folder, 'schemathesis.toml');
  writeFileSync(file, configuration(await prepare(url, token)));
  const args = [
    '--config-file',
    file,
    'run',
    `${url}/api/docs/openapi.json`,
    '--header',
    `Authorization: Bearer ${token}`,
  ];
  const bounds = [
    '--max-time',
    values.seconds,
    '--request-timeout',
    '10',
    '--continue-on-failure',
    '--warnings',
    'off',
  ];
  const choice = ['--checks', CHECKS.join(','), '--exclude-path-regex', STREAMS];
  const seed = values.seed === undefined ? [] : ['--seed', values.seed];
  const schemathesis = spawn(program, [...args, ...bounds, ...choice, ...seed], { stdio: 'inherit' });
  const [code] = (await once(schemathesis, 'exit')) as [number | null];
  return code ?? 1;
}

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const run = openRun(folder);
try {
  const flags = { root: ['--access-token-seconds', '86400'] };
  const options = { port: 0, vcpus: 0, memory: 0, logLevel: 'info', from: 'source', flags } as const;
  process.exitCode = await fuzz((await startRoot(run, options)).url);
} finally {
  await tearDown(run);
  rmSync(folder, { recursive: true, force: true });
}
