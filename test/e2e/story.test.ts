/** What the three tiers write about one deployment: one grep tells its story, and no line has a secret. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import type { ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { call } from '../support/http.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, SLEEP } from '../support/stories.ts';

interface Line {
  role: string;
  time: string;
  msg: string;
  request_id?: string;
  instance?: string;
  cluster?: string;
  worker?: string;
  status?: string | number;
  [key: string]: unknown;
}

const PASSWORD = 'a-password-that-nobody-may-read';
const SECRETS = ['an-api-key-of-an-sla', 'a-database-password'];

describe('the logs of a fleet', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let token: string;
  let refresh: string;
  let id: string;

  before(async () => {
    fleet = await startFleet({ workers: 1, logLevel: 'debug' });
    await login('Admin', 'Admin');
    await ask('POST', '/api/auth/register', {
      name: 'ada',
      password: PASSWORD,
      roles: ['Application_Provider'],
    });
    await login('ada', PASSWORD);
    const environment = [`API_KEY=${SECRETS[0]}`, `DB=${SECRETS[1]}`];
    const services = [
      microservice('web', { cmd: SLEEP, environment }),
      microservice('broken', { code: 'localhost:1/not/there:1', environment }),
      microservice('waiting', { memory: 1_000_000, environment }),
    ];
    await ask('POST', '/api/application', descriptor('story', services));
    const { body } = await ask<ApiService[]>('GET', '/api/services');
    for (const { microserviceID, service_name } of body) {
      const wanted = await ask(
        'POST',
        `/api/service/${microserviceID}/instance`,
        undefined,
        `${service_name}-up`,
      );
      assert.equal(wanted.status, 200);
      if (service_name === 'web') id = microserviceID;
    }
    await until(line => line.role === 'root' && line.request_id === 'web-up' && line.status === 'RUNNING');
    await until(line => line.role === 'root' && line.request_id === 'broken-up' && line.status === 'FAILED');
  });
  after(() => fleet?.stop());

  it('tell of a deployment from the request to the program, in order, by one id', async () => {
    const story = lines().filter(({ request_id }) => request_id === 'web-up');
    assertOrder(story, [
      ['root', /^instance requested$/],
      ['root', /cluster .* was asked/, 'CLUSTER_SCHEDULED'],
      ['cluster', /^placed on worker worker1$/, 'NODE_SCHEDULED'],
      ['worker', /^accepted$/, 'CREATING'],
      ['worker', /^container created$/],
      ['worker', /^running$/, 'RUNNING'],
      ['cluster', /^running$/, 'RUNNING'],
      ['root', /^running$/, 'RUNNING'],
    ]);
    assert.equal(story.filter(({ msg }) => msg === 'order sent to the worker').length, 1);
    for (const line of story.filter(({ msg }) => msg !== 'request answered'))
      assert.equal(line.instance, `${id}/0`, JSON.stringify(line));
    const [answered] = story.filter(({ msg }) => msg === 'request answered');
    const { method, route, status, user, ms } = answered as Line;
    assert.deepEqual(
      [method, route, status, user, typeof ms],
      ['POST', '/api/service/{id}/instance', 200, 'ada', 'number'],
    );
  });

  it('say at which cluster and on which worker', () => {
    const [cluster] = new Set(lines().flatMap(line => (line.role === 'cluster' ? (line.cluster ?? []) : [])));
    assert.ok(cluster);
    const running = lines().filter(line => line.request_id === 'web-up' && line.status === 'RUNNING');
    assert.deepEqual(new Set(running.map(line => line.cluster)), new Set([cluster]));
    const workers = new Set(running.map(line => line.worker));
    assert.equal(workers.size, 1);
    assert.match([...workers][0] ?? '', /^[0-9a-f]{24}$/);
  });

  it('say once for what an instance waits', async () => {
    await new Promise(resolve => setTimeout(resolve, 11_000));
    const waiting = lines().filter(
      ({ request_id, msg }) => request_id === 'waiting-up' && msg !== 'request answered',
    );
    const said = waiting.map(({ role, msg, status }) => `${role} ${msg} ${status}`);
    assert.ok(said.length > 0);
    assert.deepEqual(said, [...new Set(said)]);
  });

  it('tell of a removal by the id of its request', async () => {
    await ask('DELETE', `/api/service/${id}/instance/0`, undefined, 'web-down');
    await until(
      line => line.role === 'root' && line.msg === 'instance removed' && line.request_id === 'web-down',
    );
    const story = lines().filter(({ request_id }) => request_id === 'web-down');
    assertOrder(story, [
      ['root', /^removal of an instance requested$/],
      ['cluster', /^to be removed$/],
      ['worker', /^to be removed$/],
      ['worker', /^stopped and removed$/, 'UNDEPLOYED'],
      ['cluster', /^instance removed$/],
      ['root', /^instance removed$/],
    ]);
  });

  it('have no secret in any line', async () => {
    await call(`${fleet.root.url}/api/auth/login`, 'POST', {
      body: { username: 'ada', password: `${PASSWORD}!` },
    });
    await call(`${fleet.root.url}/api/services?token=${token}`, 'GET', { token: `${token}x` });
    await call(`${fleet.root.url}/${token}`, 'GET', { token });
    const text = logFiles()
      .map(file => readFileSync(file, 'utf8'))
      .join('');
    const secrets = [PASSWORD, ...SECRETS, token, refresh, ...ownSecrets()];
    assert.ok(secrets.length > 8, 'the secrets were found');
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret.slice(0, 12)}… is in a log`);
  });

  async function login(username: string, password: string): Promise<void> {
    const body = { username, password };
    const reply = await call<{ token: string; refresh_token: string }>(
      `${fleet.root.url}/api/auth/login`,
      'POST',
      {
        body,
      },
    );
    assert.equal(reply.status, 200);
    token = reply.body.token;
    refresh = reply.body.refresh_token;
  }

  function ask<T>(method: string, path: string, body?: unknown, requestId = 'other') {
    return call<T>(fleet.root.url + path, method, { token, body, headers: { 'x-request-id': requestId } });
  }

  function logFiles(): string[] {
    return readdirSync(fleet.run.dir)
      .filter(name => name.endsWith('.log') && name !== 'dockerd.log')
      .map(name => join(fleet.run.dir, name));
  }

  function lines(): Line[] {
    return logFiles().flatMap(file =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line) as Line),
    );
  }

  function until(wanted: (line: Line) => boolean): Promise<unknown> {
    return eventually('a line', lines, all => all.some(wanted), { timeout: 30_000, every: 100 });
  }

  /** Of the processes: join tokens, keys, what the worker shows to its cluster. */
  function ownSecrets(): string[] {
    const { dir } = fleet.run;
    const files = ['root/cluster-token', 'root/jwt-private.pem', 'cluster/worker-token'];
    const texts = files.map(file => readFileSync(join(dir, file), 'utf8').trim());
    const db = new DatabaseSync(join(dir, 'worker1/node.sqlite'), { readOnly: true });
    const rows = db.prepare('SELECT * FROM registration').all();
    db.close();
    const worker = [...JSON.stringify(rows).matchAll(/\\"(?:secret|mqtt_password)\\":\\"([^\\"]+)\\"/g)];
    return [...texts.map(text => text.split('\n')[1] ?? text), ...worker.map(match => match[1] as string)];
  }
});

/** Each step is there, and not before the one that it follows from. */
function assertOrder(
  story: readonly Line[],
  steps: readonly [role: string, msg: RegExp, status?: string][],
): void {
  let last = '';
  for (const [role, msg, status] of steps) {
    const fits = (line: Line) =>
      line.role === role && msg.test(line.msg) && (!status || line.status === status);
    const line = story.find(fits);
    const all = story.map(({ role, time, msg, status }) => `${time} ${role} ${status ?? ''} ${msg}`).sort();
    assert.ok(line, `no line of ${role} ${msg}:\n${all.join('\n')}`);
    assert.ok(line.time >= last, `${role} ${msg} is too early:\n${all.join('\n')}`);
    last = line.time;
  }
}
