import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isErrorOf, silentLogger, systemClock } from '@hedgerow/common';
import { startRoot } from './app.ts';
import type { RootConfig } from './config.ts';
import { ERRORS } from './errors.ts';
import { microservice, sla } from './testing/slas.ts';

let data: string;
const deps = { clock: systemClock, log: silentLogger };

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-root-app-'));
});
after(() => rm(data, { recursive: true }));

function config(over: Partial<RootConfig> = {}): RootConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    socket: join(data, 'root.sock'),
    data,
    adminPassword: '',
    assets: '',
    accessTokenSeconds: 600,
    ...over,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
async function post(url: string, path: string, body: unknown, token = ''): Promise<any> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return response.json();
}

const credentials = { username: 'Admin', password: 'Admin' };

test('HTTP and gRPC are served on one port and on the socket; what was stored is there after a restart', async () => {
  const first = await startRoot(config(), deps);
  const { token } = await post(first.url, '/api/auth/login', credentials);
  const [made] = await post(first.url, '/api/application', sla('shop', microservice('web')), token);
  const asked = await post(first.url, `/api/service/${made.microservices[0]}/instance`, {}, token);
  assert.deepEqual(asked, { message: 'ok', instance_number: 0 });
  assert.equal(await statusOverSocket(join(data, 'root.sock'), '/healthz'), 200);
  assert.equal(await grpcStatus(first.url), '12');
  assert.equal((await readFile(join(data, 'cluster-token'), 'utf8')).trim().length, 43);
  for (const secret of ['cluster-token', 'jwt-private.pem']) {
    assert.equal((await stat(join(data, secret))).mode & 0o777, 0o600);
  }
  await first.stop();

  await chmod(join(data, 'jwt-private.pem'), 0o644);
  const second = await startRoot(config(), deps);
  const services = await fetch(`${second.url}/api/services/`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  assert.equal(services.status, 200);
  const [service] = (await services.json()) as { RR_ip: string; instance_list: { instance_ip: string }[] }[];
  assert.equal(service?.RR_ip, '10.30.0.1');
  assert.equal(service?.instance_list[0]?.instance_ip, '10.30.0.2');
  assert.equal((await stat(join(data, 'jwt-private.pem'))).mode & 0o777, 0o600);
  await second.stop();
});

test('without a password it does not listen where others could reach it', async () => {
  await assert.rejects(startRoot(config({ host: '0.0.0.0' }), deps), error =>
    isErrorOf(error, ERRORS.ADMIN_PASSWORD_NEEDED),
  );
});

test('stop does not wait for connections that say nothing', async () => {
  const root = await startRoot(config({ socket: '' }), deps);
  const silent = createConnection({ host: '127.0.0.1', port: Number(new URL(root.url).port) });
  await new Promise<void>(resolve => silent.once('connect', () => resolve()));
  const closed = new Promise<void>(resolve => silent.once('close', () => resolve()));
  silent.on('error', () => {});
  await root.stop();
  await closed;
});

test('a port that is taken ends the start, and everything that was started', async () => {
  const root = await startRoot(config(), deps);
  try {
    const port = Number(new URL(root.url).port);
    await assert.rejects(startRoot(config({ port, data: join(data, 'other') }), deps), /in use/);
  } finally {
    await root.stop();
  }
});

function statusOverSocket(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers: { Connection: 'close' } }, response => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

/** Calls a method that there is not. 12 is UNIMPLEMENTED, which only a gRPC server says. */
async function grpcStatus(url: string): Promise<unknown> {
  const session = connect(url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/nothing/Here',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end();
  const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.once('response', resolve).once('error', reject);
  });
  session.destroy();
  return headers['grpc-status'];
}
