/** Starts a root, puts something into it, and lets schemathesis ask it for everything that its document describes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
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

async function fuzz(url: string): Promise<number> {
  const token = await login(url);
  await call(`${url}/api/application`, 'POST', { token, body: sla('fuzzed', ['web']) });
  const args = ['run', `${url}/api/docs/openapi.json`, '--header', `Authorization: Bearer ${token}`];
  const bounds = ['--max-time', values.seconds, '--request-timeout', '10', '--continue-on-failure'];
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
