import assert from 'node:assert/strict';
import { createServer, connect as dial, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { type Coordinated, coordinated, TOKEN } from './testing/coordinated.ts';
import { linkClient, makeHello } from './testing/link-client.ts';

let root: Coordinated;
beforeEach(async () => {
  root = await coordinated();
});
afterEach(() => root.stop());

describe('a stream without the join token', () => {
  for (const token of ['', 'wrong', `${TOKEN}x`])
    test(`"${token}" ends UNAUTHENTICATED`, async () => {
      const { code, details } = await root.dial('site1', token).ended;
      assert.equal(code, status.UNAUTHENTICATED);
      assert.match(details, /join token is missing or wrong/);
    });
});

describe('Hello', () => {
  test('gives the same id to the same name, also after a restart of the root', async () => {
    const first = await root.cluster('site1');
    assert.match(first.clusterId, /^[0-9a-f]{24}$/);
    assert.ok(root.coordination.sessions.isConnected(first.clusterId));
    const { store } = root;
    first.close();
    await first.ended;
    const again = await root.cluster('site1');
    assert.equal(again.clusterId, first.clusterId);
    const restarted = await coordinated({ store });
    try {
      assert.ok(!restarted.coordination.sessions.isConnected(first.clusterId));
      assert.equal((await restarted.cluster('site1')).clusterId, first.clusterId);
      assert.notEqual((await restarted.cluster('site2')).clusterId, first.clusterId);
    } finally {
      await restarted.stop();
    }
  });

  test('of a cluster that was removed gives a new id; who is there is not touched by it', async () => {
    const { clusters } = root.collections;
    const first = await root.cluster('site1');
    const other = await root.cluster('site2');
    first.close();
    await root.becomesDisconnected(first.clusterId);
    for (const { clusterId } of [first, other]) await clusters.remove(clusterId);
    const again = await root.cluster('site1');
    assert.notEqual(again.clusterId, first.clusterId);
    assert.ok(root.coordination.sessions.isConnected(other.clusterId));
  });

  test('stores what people see of a cluster', async () => {
    const client = await root.cluster('site1', [], { address: '192.0.2.7', port: 10200 });
    const stored = await root.collections.clusters.get(client.clusterId);
    assert.deepEqual(
      [stored?.name, stored?.address, stored?.port, stored?.location],
      ['site1', '192.0.2.7', 10200, '48.1,11.6,1000'],
    );
  });

  for (const name of ['', 'a b', '-x', 'x'.repeat(64), '../x'])
    test(`refuses the name "${name}"`, async () => {
      const client = root.dial(name);
      client.send({
        hello: makeHello(name),
      });
      assert.equal((await client.next('refused')).code, 'CLUSTER_NAME_INVALID');
      assert.equal((await client.ended).code, status.OK);
    });

  test('comes first and once', async () => {
    const early = root.dial('site1');
    early.aggregate();
    assert.equal((await early.next('refused')).code, 'HELLO_MISSING');
    const twice = await root.cluster('site1');
    twice.send({
      hello: makeHello('x'),
    });
    assert.equal((await twice.next('refused')).code, 'HELLO_REPEATED');
  });

  test('is waited for no longer than 10 s', async () => {
    const silent = root.dial('site1');
    const known = await root.cluster('other');
    root.clock.advance(10_000);
    assert.equal((await silent.next('refused')).code, 'HELLO_MISSING');
    await known.settled();
  });
});

describe('a second stream under the same name', () => {
  test('is refused while the first one answers', async () => {
    const first = await root.cluster('site1');
    const second = root.dial('site1');
    second.send({ hello: makeHello('site1') });
    await first.settled();
    // The timer of the wait is set when the Hello has been read.
    const timer = setInterval(() => root.clock.advance(9000), 5);
    const refused = await second.next('refused');
    clearInterval(timer);
    assert.equal(refused.code, 'CLUSTER_NAME_TAKEN');
    assert.match(refused.message, /site1 is connected/);
    await first.settled();
    assert.ok(root.coordination.sessions.isConnected(first.clusterId));
  });

  test('takes over when the first one is found dead', async () => {
    const quick = await coordinated({ keepalive: 150 });
    const wire = await cuttable(quick.address);
    try {
      const first = linkClient(wire.address, 'site1', TOKEN);
      await first.hello();
      wire.cut();
      const second = quick.dial('site1');
      await second.hello();
      assert.equal(second.clusterId, first.clusterId);
      assert.ok(quick.coordination.sessions.isConnected(second.clusterId));
      first.close();
    } finally {
      await wire.close();
      await quick.stop();
    }
  });
});

test('a cluster that falls silent is noticed by pings', async () => {
  const quick = await coordinated({ keepalive: 100 });
  const wire = await cuttable(quick.address);
  try {
    const client = linkClient(wire.address, 'site1', TOKEN);
    await client.hello();
    await client.settled();
    wire.cut();
    const { sessions } = quick.coordination;
    const until = performance.now() + 3000;
    while (sessions.isConnected(client.clusterId)) {
      assert.ok(performance.now() < until, 'still counts as connected');
      await new Promise(resolve => setImmediate(resolve));
    }
    client.close();
  } finally {
    await wire.close();
    await quick.stop();
  }
});

test('a unix socket serves as well', async () => {
  const path = `/tmp/hedgerow-link-${process.pid}.sock`;
  const server = createServer(socket => root.coordination.injectHttp2(socket));
  await new Promise<void>(resolve => server.listen(path, resolve));
  const client = linkClient(`unix:${path}`, 'site1', TOKEN);
  await client.hello();
  assert.ok(root.coordination.sessions.isConnected(client.clusterId));
  client.close();
  await new Promise(resolve => server.close(resolve));
});

test('bytes that were read to recognise the protocol may be given back', async () => {
  const server = createServer(socket => {
    socket.once('readable', () => {
      const seen = socket.read() as Buffer;
      assert.equal(seen.subarray(0, 3).toString(), 'PRI');
      socket.unshift(seen);
      root.coordination.injectHttp2(socket);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const client = linkClient(`127.0.0.1:${(server.address() as { port: number }).port}`, 'site1', TOKEN);
  await client.hello();
  client.close();
  await new Promise(resolve => server.close(resolve));
});

test('aggregates are stored at once, then at most every second, the last one surely', async () => {
  const client = await root.cluster('site1');
  const memory = async () => (await root.collections.clusters.get(client.clusterId))?.aggregate.memory;
  assert.equal(await memory(), 8192);
  client.aggregate({ memory: 1 });
  client.aggregate({ memory: 2 });
  await client.settled();
  assert.equal(await memory(), 8192);
  root.clock.advance(1000);
  await client.settled();
  assert.equal(await memory(), 2);
  client.aggregate({ memory: 3 });
  await client.settled();
  await root.coordination.stop();
  assert.equal(await memory(), 3);
});

test('a cluster that takes nothing is let go, and hears of it when it takes again', async () => {
  const client = await root.cluster('site1');
  const { sessions } = root.coordination;
  client.pause();
  const job_name = 'x'.repeat(1000);
  for (let n = 0; n < 2000; n += 1) client.send({ table_query: { service_ip: '', job_name } });
  const until = performance.now() + 3000;
  while (sessions.isConnected(client.clusterId) && performance.now() < until) {
    root.clock.advance(30_000);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  assert.equal(sessions.isConnected(client.clusterId), false);
  root.clock.advance(1000);
  client.resume();
  assert.equal((await client.ended).code, status.UNAVAILABLE);
  await root.cluster('site1');
});

test('subnets that a Hello does not name, and that no worker asks for again, are free after a while', async () => {
  const client = await root.cluster('site1');
  const [kept, lost, again] = ['a', 'b', 'c'].map(digit => digit.repeat(24)) as [string, string, string];
  for (const worker_id of [kept, lost, again])
    client.send({ subnet_claim: { claim_id: worker_id, worker_id } });
  const { subnet } = await client.next('subnet_grant');
  client.close();
  await client.ended;
  const back = await root.cluster('site1', [], { subnets: [{ worker_id: kept, subnet }] });
  const owners = async () => (await root.collections.claims.find()).map(({ owner }) => owner.split('/')[2]);
  back.send({ subnet_claim: { claim_id: 'again', worker_id: again } });
  assert.equal((await back.next('subnet_grant')).subnet, '10.18.0.128', 'what it had');
  root.clock.advance(599_000);
  await back.settled();
  assert.deepEqual(await owners(), [kept, again, lost]);
  root.clock.advance(1000);
  await back.settled();
  assert.deepEqual(await owners(), [kept, again]);
});

/** A wire in between: once cut, it carries nothing, and neither end is told. */
async function cuttable(target: string): Promise<{ address: string; cut(): void; close(): Promise<void> }> {
  const [host = '', port] = target.split(':');
  const sockets: Socket[] = [];
  const server = createServer(near => {
    const far = dial({ host, port: Number(port) });
    sockets.push(near, far);
    near.on('error', () => {}).pipe(far);
    far.on('error', () => {}).pipe(near);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    cut() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
