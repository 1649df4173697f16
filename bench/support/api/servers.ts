/** What the API bench measures: a root with 1,000 services, and an Express application that sends the same bytes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from '../bench.ts';
import { run } from '../exec.ts';
import { RoleStarter } from '../fleet/role.ts';
import type { RootAddress } from '../root-api.ts';
import { microservice } from '../sla.ts';
import { type Call, runLoad, send } from './load.ts';

const BARE = fileURLToPath(new URL('./bare.ts', import.meta.url));
const SCRYPT = fileURLToPath(new URL('./scrypt.ts', import.meta.url));

export interface Servers {
  root: RootAddress;
  bare: RootAddress;
  token: string;
  /** bytes of the list's answer */
  listBytes: number;
  /** id of one of the services */
  service: string;
}

/** @param services how many the root knows */
export async function startServers(context: BenchContext, services: number): Promise<Servers> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-api-'));
  context.life.add('API folder', () => rm(dir, { recursive: true, force: true }));
  const roles = new RoleStarter(context.life, dir, context.logs ?? dir, false);
  const flags = ['--host', '127.0.0.1', '--port', '0', '--data', path.join(dir, 'root')];
  const started = await roles.start({ role: 'root', name: 'root', machine: 'api', flags });
  const root = addressOf(started.ready);
  const token = await logIn(root);
  await runLoad(root, { clients: 16, count: services, call: index => registration(`kept${index}`, token) });
  const list = await answerTo(root, { method: 'GET', path: '/api/services', token });
  const made = await answerTo(root, registration('sample', token));
  await writeFile(path.join(dir, 'list.json'), list);
  await writeFile(path.join(dir, 'made.json'), made);
  const bare = await roles.start({ role: BARE, name: 'bare', machine: 'api', flags: [dir] });
  const [first] = JSON.parse(list.toString()) as { microserviceID: string }[];
  return {
    ...{ root, bare: addressOf(bare.ready), token },
    ...{ listBytes: list.length, service: first?.microserviceID ?? '' },
  };
}

/** An SLA of one application with one service, as `POST /api/application` takes it. */
export function registration(name: string, token?: string): Call {
  const service = microservice({ name: 'web', cmd: ['httpd'], memory: 64, vcpus: 1 });
  const application = { application_name: name, application_namespace: 'bench', microservices: [service] };
  const sla = { sla_version: 'v2.0', customerID: 'Admin', applications: [application] };
  const call: Call = { method: 'POST', path: '/api/application', body: JSON.stringify(sla) };
  return token === undefined ? call : { ...call, token };
}

export const LOGIN: Call = {
  method: 'POST',
  path: '/api/auth/login',
  body: JSON.stringify({ username: 'Admin', password: 'Admin' }),
};

/** @returns passwords per second that the machine can check with nothing around it */
export async function bareScryptRate(count: number): Promise<number> {
  const printed = await run([process.execPath, SCRYPT, String(count)], 120_000);
  return (JSON.parse(printed) as { rate: number }).rate;
}

async function logIn(root: RootAddress): Promise<string> {
  const answer = await answerTo(root, LOGIN);
  return (JSON.parse(answer.toString()) as { token: string }).token;
}

async function answerTo(address: RootAddress, call: Call): Promise<Buffer> {
  const agent = new Agent();
  try {
    return await send(address, agent, call);
  } finally {
    agent.destroy();
  }
}

function addressOf(ready: Record<string, unknown>): RootAddress {
  const url = new URL(String(ready.url));
  return { host: url.hostname, port: Number(url.port) };
}
