import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { OFFER, postRegister } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

interface Refusal {
  code: number;
  error: string;
  status: string;
  message: string;
  errors?: { path: string; found: unknown; allowed: string }[];
}

const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${site.cluster.url}${path}`, { headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('registration', () => {
  test('answers with an id, a subnet and the broker’s address and credential', async () => {
    const answer = await site.register();
    assert.match(answer.id, /^[0-9a-f]{24}$/);
    assert.deepEqual(
      [answer.MQTT_BROKER_PORT, answer.MQTT_BROKER_HOST, answer.mqtt_username, answer.mqtt_password],
      [String(site.cluster.mqttPort), '', answer.id, answer.secret],
    );
    assert.deepEqual(
      [answer.subnet, answer.cluster_name, answer.cluster_id.length],
      ['10.18.0.0', 'site1', 24],
    );
  });

  test('with id and secret keeps both, and the subnet', async () => {
    const first = await site.register();
    const again = await site.register({ id: first.id, secret: first.secret, host: 'renamed' });
    assert.deepEqual(again, first);
    assert.equal(site.root.inbox.all.filter(m => m.subnet_claim).length, 1);
  });

  test('twice under one host name makes two workers', async () => {
    const [a, b] = [await site.register(), await site.register()];
    assert.notEqual(a.id, b.id);
    assert.notEqual(a.subnet, b.subnet);
  });

  test('of an id that this cluster has forgotten keeps the id, with a new secret', async () => {
    const id = '0123456789abcdef01234567';
    const answer = await site.register({ id, secret: 'old' });
    assert.equal(answer.id, id);
    assert.notEqual(answer.secret, 'old');
  });

  const known: [title: string, secret: string | undefined][] = [
    ['another secret', 'wrong'],
    ['no secret', undefined],
    ['an empty secret', ''],
  ];
  for (const [title, secret] of known) {
    test(`of a known id with ${title} is forbidden`, async () => {
      const { id } = await site.register();
      const answer = await postRegister(site.cluster.url, {
        ...OFFER,
        id,
        ...(secret === undefined ? {} : { secret }),
      });
      assert.deepEqual([answer.status, (answer.body as Refusal).error], [403, 'WORKER_SECRET_WRONG']);
    });
  }

  test('with a wrong token is refused on loopback too; with the right one it is not', async () => {
    const wrong = await postRegister(site.cluster.url, { ...OFFER, token: 'wrong' });
    assert.deepEqual([wrong.status, (wrong.body as Refusal).error], [401, 'JOIN_TOKEN_INVALID']);
    await site.register({ token: site.cluster.workerToken });
  });

  const bad: [title: string, body: unknown, status: number, error: string, paths: string[]][] = [
    ['not JSON', '{', 400, 'BODY_NOT_JSON', []],
    ['a list', [], 422, 'BODY_INVALID', ['']],
    [
      'nothing',
      {},
      422,
      'BODY_INVALID',
      [
        'architecture',
        'host',
        'memory',
        'overlay',
        'public_address',
        'tunnel_port',
        'vcpus',
        'virtualization',
      ],
    ],
    ['no host name', { ...OFFER, host: '' }, 422, 'BODY_INVALID', ['host']],
    ['an id that is none', { ...OFFER, id: 'x' }, 422, 'BODY_INVALID', ['id']],
    ['no cores', { ...OFFER, vcpus: -1 }, 422, 'BODY_INVALID', ['vcpus']],
    ['memory as text', { ...OFFER, memory: '4000' }, 422, 'BODY_INVALID', ['memory']],
    ['half a MiB', { ...OFFER, memory: 0.5 }, 422, 'BODY_INVALID', ['memory']],
    ['no address', { ...OFFER, public_address: 'worker.example' }, 422, 'BODY_INVALID', ['public_address']],
    ['no port', { ...OFFER, tunnel_port: 70_000 }, 422, 'BODY_INVALID', ['tunnel_port']],
    [
      'a runtime that is none',
      { ...OFFER, virtualization: ['docker', 5] },
      422,
      'BODY_INVALID',
      ['virtualization.1'],
    ],
    [
      'two faults',
      { ...OFFER, overlay: 'yes', architecture: 1 },
      422,
      'BODY_INVALID',
      ['architecture', 'overlay'],
    ],
    ['too much', { ...OFFER, extra: 'x'.repeat(300_000) }, 413, 'BODY_TOO_LARGE', []],
  ];
  for (const [title, body, status, error, paths] of bad) {
    test(`with ${title} is a ${status} that names the fields`, async () => {
      const answer = await postRegister(site.cluster.url, body);
      const refusal = answer.body as Refusal;
      assert.deepEqual([answer.status, refusal.code, refusal.error], [status, status, error]);
      assert.ok(refusal.status.length > 0 && refusal.message.length > 0);
      assert.deepEqual((refusal.errors ?? []).map(e => e.path).sort(), paths);
    });
  }

  test('keeps fields that it does not know', async () => {
    await site.register({ ...OFFER, gpu_driver: '-' } as typeof OFFER);
  });
});

test('a cluster that is not on loopback wants the token', async () => {
  const open = await Site.start({ host: '0.0.0.0' });
  try {
    const url = open.cluster.url.replace('0.0.0.0', '127.0.0.1');
    const without = await postRegister(url, OFFER);
    assert.deepEqual([without.status, (without.body as Refusal).error], [401, 'JOIN_TOKEN_MISSING']);
    assert.equal((await postRegister(url, { ...OFFER, token: open.cluster.workerToken })).status, 200);
    const headers = { authorization: `Bearer ${open.cluster.workerToken}` };
    assert.equal((await fetch(`${url}/api/workers`)).status, 401);
    assert.equal((await fetch(`${url}/api/workers`, { headers })).status, 200);
  } finally {
    await open.stop();
  }
});

test('the join token is for this user alone and survives a restart', async () => {
  const file = join(site.config.data, 'worker-token');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await readFile(file, 'utf8')).trim(), site.cluster.workerToken);
  const before = site.cluster.workerToken;
  await site.cluster.stop();
  await site.startCluster();
  assert.equal(site.cluster.workerToken, before);
});

test('state, health and readiness', async () => {
  assert.deepEqual(await get('/healthz'), { status: 200, body: { status: 'ok' } });
  assert.deepEqual(await get('/readyz/'), {
    status: 200,
    body: { status: 'ready', reasons: [], degraded: [] },
  });
  const { status, body } = await get('/nothing');
  assert.deepEqual([status, body.error, body.message], [404, 'PATH_UNKNOWN', 'there is no GET /nothing']);
});

test('500 idle connections and a head that is too large: the others are answered', async () => {
  const { hostname, port } = new URL(site.cluster.url);
  const open = () => connect({ host: hostname, port: Number(port) });
  const idle = Array.from({ length: 500 }, open);
  await Promise.all(idle.map(socket => once(socket, 'connect')));
  const large = open();
  large.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
  const [first] = (await once(large, 'data')) as [Buffer];
  assert.match(first.toString(), /^HTTP\/1.1 431 /);
  assert.equal((await get('/healthz')).status, 200);
  for (const socket of [...idle, large]) socket.destroy();
});

test('the workers, with what is reserved and free', async () => {
  const problems = ['the kernel has no vxlan'];
  const worker = await site.worker({ problems, beat: 1000, dead_after: 3000 });
  await site.place({ port: '8080:80' });
  const { body } = await get('/api/workers');
  const [shown] = body.workers as Record<string, unknown>[];
  assert.deepEqual(
    [shown?.id, shown?.host, shown?.state, shown?.silent_ms, shown?.reserved, shown?.free, shown?.instances],
    [
      worker.id,
      'worker1',
      'live',
      0,
      { vcpus: 1, memory: 100, ports: ['8080/tcp'] },
      { vcpus: 3, memory: 3900 },
      1,
    ],
  );
  assert.deepEqual([shown?.problems, shown?.beat, shown?.dead_after], [problems, 1000, 3000]);
});

describe('a worker that left for good', () => {
  const remove = async (id: string) => {
    const answer = await fetch(`${site.cluster.url}/api/workers/${id}`, { method: 'DELETE' });
    return [answer.status, ((await answer.json()) as Refusal).error];
  };

  test('is removed once it is dead; its subnet and its credential end', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    assert.deepEqual(await remove(worker.id), [409, 'WORKER_BUSY']);
    await worker.drop();
    site.clock.advance(5000);
    await site.root.report('NO_QUALIFIED_WORKER_FOUND');
    assert.deepEqual(await remove(worker.id), [200, undefined]);
    const { worker_id: holder } = await site.root.next('subnet_release');
    assert.ok(site.root.inbox.all.some(message => message.subnet_claim?.worker_id === holder));
    await assert.rejects(worker.connect());
    assert.deepEqual(await remove(worker.id), [404, 'WORKER_UNKNOWN']);
  });
});
