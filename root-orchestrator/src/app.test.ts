import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isErrorOf, openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import { startRoot } from './app.ts';
import { linkClient, report } from './clusters/testing/link-client.ts';
import { openCollections } from './collections.ts';
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
    mongodb: '',
    address: '',
    leaseSeconds: 10,
    clusterTokenFile: '',
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
  assert.equal((await secret(data, 'cluster-token')).length, 64);
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

test('the whole way: a descriptor by HTTP, a cluster on the socket, RUNNING in the API, and all taken away', async () => {
  const own = join(data, 'way');
  const socket = join(own, 'root.sock');
  const root = await startRoot(config({ data: own, socket }), deps);
  const token = (await post(root.url, '/api/auth/login', credentials)).token as string;
  const call = async (method: string, path: string, body?: unknown) => {
    const headers = { Authorization: `Bearer ${token}` };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(root.url + path, { method, headers, ...sent });
    assert.equal(response.status, 200, `${method} ${path}`);
    // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
    return response.json() as any;
  };
  const clean = await claimsOf(own);
  const cluster = linkClient(`unix:${socket}`, 'munich', await secret(own, 'cluster-token'));
  try {
    await cluster.hello();
    cluster.aggregate();
    await cluster.settled();
    assert.equal((await call('GET', '/api/clusters/active'))[0].cluster_name, 'munich');

    const [made] = await call('POST', '/api/application', sla('way', microservice('web')));
    const [service] = made.microservices;
    await call('POST', `/api/service/${service}/instance`);
    const place = await cluster.next('place');
    assert.equal(place.service?.service_id, service);
    cluster.accept(place);
    cluster.report(report(place));
    await cluster.settled();
    const running = await call('GET', `/api/service/${service}`);
    assert.equal(running.status, 'RUNNING');
    assert.equal(running.instance_list[0].cluster_location, '48.1,11.6,1000');
    assert.equal(running.instance_list[0].host_ip, '192.0.2.1');

    await call('DELETE', `/api/application/${made.applicationID}`);
    assert.deepEqual(await call('GET', '/api/services'), []);
    const removal = await cluster.next('remove');
    assert.deepEqual([removal.service_id, removal.instance_number], [service, 0]);
    cluster.report(report(place, { status: 'UNDEPLOYED' }));
    await cluster.settled();
  } finally {
    cluster.close();
    await root.stop();
  }
  assert.deepEqual(await claimsOf(own), clean);
});

/** Ids of the claims and of the instances in a store that another connection may have open. */
async function claimsOf(directory: string): Promise<string[]> {
  const store = openSqlite({ file: join(directory, 'root.sqlite'), durability: 'full' });
  const { claims, instances } = openCollections(store);
  const ids = [...(await claims.find()), ...(await instances.find())].map(document => document.id);
  await store.close();
  return ids;
}

async function secret(directory: string, name: string): Promise<string> {
  return (await readFile(join(directory, name), 'utf8')).trim();
}

test('a first start that was cut short does not keep the next one from making user Admin', async () => {
  const own = join(data, 'cut-short');
  const store = openSqlite({ file: join(own, 'root.sqlite'), durability: 'full' });
  const owner = 'user/0123456789abcdef01234567';
  await openCollections(store).claims.insert({ id: 'user-name/Admin', owner });
  await store.close();
  const root = await startRoot(config({ data: own, socket: '' }), deps);
  const { token } = await post(root.url, '/api/auth/login', credentials);
  assert.equal(typeof token, 'string');
  await root.stop();
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
