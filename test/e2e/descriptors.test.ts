/** Bad descriptors, double ones, and other people's: over HTTP against a root as users run it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { endProcess, openRun, type Root, startRoot, tearDown } from '@hedgerow/cli';
import type { ApiApplication, ApiError } from '@hedgerow/protos';
import { BAD_SLAS, goodSla } from '../fixtures/bad-slas.ts';
import { call, login } from '../support/http.ts';
import { dumpStore } from '../support/stores.ts';

describe('descriptors that are refused', () => {
  let root: Root;
  let token: string;
  let run: ReturnType<typeof openRun>;
  let runs: string;

  before(async () => {
    runs = mkdtempSync(join(tmpdir(), 'descriptors-'));
    run = openRun(runs);
    root = await startRoot(run, { port: 0, vcpus: 0, memory: 0, logLevel: 'info', from: 'source' });
    token = await login(root.url);
  });
  after(async () => {
    await tearDown(run);
    rmSync(runs, { recursive: true, force: true });
  });

  const post = (body: unknown, as = token) =>
    call<ApiError>(`${root.url}/api/application`, 'POST', { token: as, body: JSON.stringify(body) });
  const dump = () => dumpStore(join(root.data, 'root.sqlite'));

  it('there are at least 40 of them', () => assert.ok(BAD_SLAS.length >= 40));

  for (const { name, sla, paths } of BAD_SLAS) {
    it(`${name}: names ${paths.join(', ')}`, async () => {
      const stored = dump();
      const { status, body } = await post(sla);
      assert.equal(status, 422);
      assert.equal(body.code, 422);
      assert.deepEqual([...new Set(body.errors?.map(error => error.path))].sort(), [...paths].sort());
      for (const error of body.errors ?? []) assert.ok(error.allowed, 'says what is allowed');
      assert.deepEqual(dump(), stored);
    });
  }

  it('a service IP that another service has: 409, and nothing is stored', async () => {
    const withIp = (application: string) => {
      const sla = goodSla(application) as { applications: { microservices: object[] }[] };
      Object.assign(sla.applications[0]?.microservices[1] as object, { addresses: { rr_ip: '10.30.77.77' } });
      return sla;
    };
    assert.equal((await post(withIp('one'))).status, 200);
    const stored = dump();
    const { status, body } = await post(withIp('two'));
    assert.equal(status, 409);
    assert.equal(body.error, 'SERVICE_IP_TAKEN');
    assert.deepEqual(dump(), stored);
  });

  it('the same descriptor twice: 409, and nothing changes', async () => {
    assert.equal((await post(goodSla('twice'))).status, 200);
    const stored = dump();
    const { status, body } = await post(goodSla('twice'));
    assert.equal(status, 409);
    assert.equal(body.error, 'APPLICATION_EXISTS');
    assert.deepEqual(dump(), stored);
  });

  it('two users do not see each other’s applications, services and instances', async () => {
    const user = { name: 'second', password: 'a secret', email: '', roles: ['Application_Provider'] };
    const registered = await call(`${root.url}/api/auth/register`, 'POST', { token, body: user });
    assert.equal(registered.status, 200);
    assert.ok(!JSON.stringify(registered.body).includes('scrypt'));
    const other = await login(root.url, 'second', 'a secret');
    const third = await call(`${root.url}/api/auth/register`, 'POST', { token: other, body: user });
    assert.equal(third.status, 403);
    const { body } = await call<ApiApplication[]>(`${root.url}/api/application/`, 'POST', {
      token,
      body: goodSla('mine'),
    });
    const [application] = body;
    const [service] = application?.microservices ?? [];
    for (const path of [`application/${application?.applicationID}`, `service/${service}`]) {
      assert.equal((await call(`${root.url}/api/${path}`, 'GET', { token })).status, 200);
      assert.equal((await call(`${root.url}/api/${path}`, 'GET', { token: other })).status, 404);
      assert.equal((await call(`${root.url}/api/${path}`, 'DELETE', { token: other })).status, 404);
    }
    const instance = `${root.url}/api/service/${service}/instance`;
    assert.equal((await call(instance, 'POST', { token: other })).status, 404);
    const seen = await call<ApiApplication[]>(`${root.url}/api/applications`, 'GET', { token: other });
    assert.deepEqual(seen.body, []);
  });

  it('only an Admin may run privileged containers: 403, and nothing is stored', async () => {
    const user = { name: 'third', password: 'a secret', email: '', roles: ['Application_Provider'] };
    await call(`${root.url}/api/auth/register`, 'POST', { token, body: user });
    const sla = goodSla('raised') as { applications: { microservices: object[] }[] };
    Object.assign(sla.applications[0]?.microservices[1] as object, { privileged: true });
    const stored = dump();
    const refused = await post(sla, await login(root.url, 'third', 'a secret'));
    assert.equal(refused.status, 403);
    assert.deepEqual(
      refused.body.errors?.map(({ path }) => path),
      ['applications.0.microservices.1.privileged'],
    );
    assert.deepEqual(dump(), stored);
    assert.equal((await post(sla)).status, 200);
  });

  it('forgets nothing that it acknowledged when it is killed', async () => {
    const stored = dump();
    assert.equal((await post(goodSla('durable'))).status, 200);
    await endProcess(root.child.id, 0);
    root = await startRoot(run, { port: 0, vcpus: 0, memory: 0, logLevel: 'info', from: 'source' });
    const added = dump().applications?.filter(id => !stored.applications?.includes(id));
    assert.equal(added?.length, 1);
    assert.equal((await post(goodSla('durable'), await login(root.url))).status, 409);
  });
});
