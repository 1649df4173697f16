/** Networks of other people in the overlay's range: on a link of the machine, and behind its default gateway. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger, systemClock } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import { startNetManager } from './app.ts';
import { teardown } from './teardown.ts';
import { type Agent, agent, folder, inNamespace, nft, sh } from './testing/namespace.ts';
import { attach, CALLER, WEB } from './testing/scene.ts';
import { entry, instance, WORKER_A, WORKER_B } from './testing/table.ts';

/** Behind the default gateway: in the range, and outside of it. */
const FAR = '10.27.0.5';
const OUTSIDE = '203.0.113.5';
/** On a link of the machine. */
const NEAR = '10.20.0.2';
const PUBLISHED = 8080;

function wire(name: string, own: string, peer: Agent, other: string): void {
  sh(`ip link add ${name} type veth peer name ${name} netns ${peer.pid}`);
  sh(`ip address add ${own} dev ${name}`);
  sh(`ip link set ${name} up`);
  sh('ip link set lo up', peer.pid);
  sh(`ip address add ${other} dev ${name}`, peer.pid);
  sh(`ip link set ${name} up`, peer.pid);
}

/** A machine on a LAN whose gateway leads to the rest of an enterprise; it looks where packets come from. */
async function site(t: TestContext) {
  t.after(() => ['wan', 'lan'].map(link => sh(`ip link del ${link}`)));
  const [gateway, host, machine] = await Promise.all([
    agent(t, 'gateway'),
    agent(t, 'host'),
    agent(t, 'machine', process.pid),
  ]);
  wire('wan', '192.168.79.1/24', gateway, '192.168.79.2/24');
  wire('lan', '10.20.0.1/16', host, `${NEAR}/16`);
  for (const address of [FAR, OUTSIDE]) sh(`ip address add ${address}/32 dev lo`, gateway.pid);
  sh(`ip route add 192.168.79.1/32 dev wan src ${FAR}`, gateway.pid);
  sh('ip route add default via 192.168.79.2');
  for (const link of ['all', 'wan', 'lan']) sh(`sysctl -q -w net.ipv4.conf.${link}.rp_filter=1`);
  for (const who of [gateway, host]) await who.serve(80);
  return { gateway, machine };
}

async function worker(t: TestContext) {
  const data = folder();
  const metrics = new MetricRegistry(silentLogger);
  const deps = { clock: systemClock, log: silentLogger, metrics };
  const { net, stop } = await startNetManager({ listen: '', data, reconcileEvery: 0 }, deps);
  t.after(async () => {
    await stop();
    await teardown(data, deps);
  });
  await net.register(WORKER_A);
  return { net, metrics };
}

function tests(): void {
  test('other networks in the range stay reachable, addresses of nobody stay out of them', async t => {
    const { gateway, machine } = await site(t);
    const { net } = await worker(t);
    const [caller, server] = await Promise.all(['caller', 'server'].map(name => agent(t, name)));
    assert.ok(caller && server);
    const from = await attach(net, caller, CALLER, 0);
    const address = await attach(net, server, WEB, 0, `${PUBLISHED}:80`);
    await server.serve(80);
    const gone = instance(WORKER_B, 1, '10.18.0.66', '10.30.0.11');
    await net.setTable([entry(WEB, '10.30.30.30', [instance(WORKER_A, 0, address, '10.30.0.10'), gone])]);
    await net.setTable([entry(WEB, '10.30.30.30', [instance(WORKER_A, 0, address, '10.30.0.10')])]);
    sh(`ip address add 10.18.0.66/32 dev lo`, gateway.pid);

    assert.deepEqual(await machine.ask([FAR, NEAR], 80, 2), ['gateway 192.168.79.1', 'host 10.20.0.1']);
    const reached = await caller.ask([NEAR, OUTSIDE, '10.30.30.30'], 80, 3);
    assert.deepEqual(reached, ['host 10.20.0.1', 'gateway 192.168.79.1', `server ${from}`]);
    sh(`conntrack -D -s ${from}`);
    for (const answer of await caller.ask([FAR, '10.18.0.66'], 80, 2)) {
      assert.match(answer, /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)/);
    }
    assert.deepEqual(await caller.udp(FAR, 80, 4000), ['ECONNREFUSED']);
    assert.equal(sh(`conntrack -L -s ${from}`), '');
    assert.deepEqual(await gateway.ask('192.168.79.1', PUBLISHED), [`server ${FAR}`]);
  });

  test('a container that claims to be another does not get out either', async t => {
    await site(t);
    const { net } = await worker(t);
    const liar = await agent(t, 'liar');
    await attach(net, liar, CALLER, 0);
    sh('ip address add 198.51.100.7/32 dev eth0', liar.pid);
    sh(`ip route add ${FAR}/32 via 10.18.0.1 dev eth0 src 198.51.100.7`, liar.pid);
    for (const link of ['all', 'wan', 'lan']) sh(`sysctl -q -w net.ipv4.conf.${link}.rp_filter=0`);
    await liar.ask(FAR, 80);
    assert.equal(sh('conntrack -L -s 198.51.100.7'), '', 'what leaves is a flow');
  });

  test('routing policies of earlier versions are taken away, those of others are not', async t => {
    const policies = () => sh('ip rule show').match(/^724.*$/gm) ?? [];
    const ours = 'from 10.18.0.0/26 to 10.16.0.0/12 fwmark 0x40/0x40';
    const make = () => {
      sh(`ip rule add priority 7247 ${ours} lookup main suppress_prefixlength 12 protocol 72`);
      sh(`ip rule add priority 7248 ${ours} unreachable protocol 72`);
    };
    sh('ip rule add priority 7247 from 192.0.2.7 lookup main');
    t.after(() => sh('ip rule del priority 7247 from 192.0.2.7'));
    const others = policies();
    make();
    await worker(t);
    assert.deepEqual(policies(), others);
    make();
    await teardown(folder(), { log: silentLogger });
    assert.deepEqual(policies(), others);
  });

  test('networks of the machine are followed as they come and go', async t => {
    const { net, metrics } = await worker(t);
    const listed = () => sh('nft list set ip hedgerow networks').match(/10\.[0-9./]+/g) ?? [];
    const known = async (count: number) => {
      for (let turn = 0; turn < 250 && listed().length !== count; turn++) await delay(20);
      return listed();
    };
    const far = await agent(t, 'far');
    assert.deepEqual(await known(0), []);
    wire('lan', '10.20.0.1/16', far, `${NEAR}/16`);
    assert.deepEqual(await known(1), ['10.20.0.0/16']);
    sh(`ip route add 10.21.7.0/24 via ${NEAR}`);
    sh(`ip route add 10.20.9.0/24 via ${NEAR}`);
    sh(`ip route add 10.0.0.0/8 via ${NEAR}`);
    assert.deepEqual(await known(2), ['10.20.0.0/16', '10.21.7.0/24']);
    // the kernel says of the link alone that it is down, not of the routes that go with it
    sh('ip link set lan down');
    assert.deepEqual(await known(0), []);
    sh('ip link set lan up');
    assert.deepEqual(await known(1), ['10.20.0.0/16']);
    nft('flush set ip hedgerow networks');
    await net.register(WORKER_A);
    assert.deepEqual(listed(), ['10.20.0.0/16'], 'mended like everything else');
    sh('ip link del lan');
    assert.deepEqual(await known(0), []);
    assert.match(await metrics.text(), /^hedgerow_net_leaks\{kind="elements"\} 0$/m);
  });
}

inNamespace(import.meta.url, tests);
