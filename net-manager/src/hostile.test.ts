/** A container that sends to nobody, datagrams that are no tunnel's, and what is left in the kernel. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { type Logger, silentLogger, systemClock } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import { startNetManager } from './app.ts';
import { trafficOf } from './kernel/traffic.ts';
import { teardown } from './teardown.ts';
import { agent, folder, inNamespace, nft, sh } from './testing/namespace.ts';
import { attach, CALLER, scene, WEB } from './testing/scene.ts';
import { entry, instance, WORKER_A } from './testing/table.ts';

/** services without an instance, own addresses without one, and other workers that are not there */
const NOBODY = ['10.30.77.1', '10.30.77.2', '10.18.0.50', '10.27.0.5', '10.17.1.1'];
const NOISY = 'shop.prod.noisy.prod';

interface Line {
  text: string;
  fields: Record<string, unknown>;
}

function listening(): { log: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const warn = (fields: object, text: string) => void lines.push({ text, fields: { ...fields } });
  const log: Logger = { ...silentLogger, warn, error: warn, child: () => log };
  return { log, lines };
}

async function worker(t: TestContext) {
  const { log, lines } = listening();
  const data = folder();
  const metrics = new MetricRegistry(log);
  const deps = { clock: systemClock, log, metrics };
  const { net, stop } = await startNetManager({ listen: '', data, reconcileEvery: 0 }, deps);
  t.after(async () => {
    await stop();
    await teardown(data, deps);
  });
  await net.register(WORKER_A);
  return { net, lines, metrics };
}

/** A way out, on which nothing of the overlay may be seen. */
async function uplink(t: TestContext): Promise<() => number> {
  const outside = await agent(t, 'outside');
  sh(`ip link add wan type veth peer name wan netns ${outside.pid}`);
  sh('ip address add 192.168.79.1/24 dev wan');
  sh('ip link set wan up');
  sh('ip address add 192.168.79.2/24 dev wan', outside.pid);
  sh('ip link set wan up', outside.pid);
  sh('ip route add default via 192.168.79.2');
  sh('sysctl -q -w net.ipv6.conf.wan.disable_ipv6=1');
  const packets = () => Number(/^\s*wan:(?:\s+\d+){9}\s+(\d+)/m.exec(proc())?.[1] ?? 0);
  const proc = () => readFileSync('/proc/self/net/dev', 'utf8');
  assert.ok(trafficOf(proc(), 'wan'));
  return packets;
}

function tests(): void {
  test('a container that sends 1,000 packets a second to nobody', async t => {
    const { net, lines, metrics } = await worker(t);
    const left = await uplink(t);
    const [caller, server, noisy] = await Promise.all(['caller', 'server', 'noisy'].map(n => agent(t, n)));
    assert.ok(caller && server && noisy);
    await attach(net, caller, CALLER, 0);
    const address = await attach(net, server, WEB, 0);
    const noise = await attach(net, noisy, NOISY, 0);
    await server.serve(80);
    await net.setTable([entry(WEB, '10.30.30.30', [instance(WORKER_A, 0, address, '10.30.0.10')])]);
    const timed = async () => {
      const begun = performance.now();
      const answers = await caller.ask('10.30.30.30', 80, 100);
      assert.deepEqual([...new Set(answers)], ['server 10.18.0.2']);
      return performance.now() - begun;
    };
    const quiet = await timed();
    const before = left();
    const flooding = noisy.flood(NOBODY, 2000, 1200, 400);
    const loud = await timed();
    await flooding;
    assert.ok(loud < 4 * quiet + 2000, `100 answers took ${loud} ms, ${quiet} ms before`);
    assert.equal(left(), before, 'nothing leaves through another device');
    assert.equal(sh(`conntrack -L -s ${noise}`), '', 'no flow is kept of what goes nowhere');
    // the kernel goes on refusing at once what is not too much
    const [answer] = await caller.ask('10.30.77.1', 80);
    assert.match(answer ?? '', /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)/);
    await net.register(WORKER_A);
    await net.register(WORKER_A);
    const told = lines.filter(({ text }) => text === 'packets to addresses that nobody owns');
    assert.equal(told.length, 1, JSON.stringify(lines));
    const senders = told[0]?.fields.senders as { address: string; instance: string; packets: number }[];
    const sender = senders[0];
    assert.deepEqual([sender?.address, sender?.instance], [noise, `${NOISY}/0`]);
    assert.ok((sender?.packets ?? 0) > 1000, `${sender?.packets} counted`);
    const page = await metrics.text();
    assert.ok(Number(/^hedgerow_net_stray_packets_total (\d+)/m.exec(page)?.[1]) > 1000);
    assert.match(page, /^hedgerow_net_leaks\{kind="elements"\} 0$/m);
  });

  test('what nothing explains is counted, told and removed; ordinary life leaves nothing', async t => {
    const { net, lines, metrics } = await worker(t);
    const leaks = async () =>
      [...(await metrics.text()).matchAll(/^hedgerow_net_leaks\{kind="(\w+)"\} ([1-9]\d*)/gm)].map(
        ([, kind, count]) => `${kind} ${count}`,
      );
    const box = await agent(t, 'box');
    const other = await agent(t, 'other');
    for (const who of [box, other]) {
      await attach(net, who, WEB, 0, '8080:80');
      await net.register(WORKER_A);
      assert.deepEqual(await leaks(), []);
    }
    await other.end();
    await net.register(WORKER_A);
    assert.deepEqual(await leaks(), [], 'its link has gone with it');
    await net.detach({ serviceName: WEB, instanceNumber: 0 });
    await net.register(WORKER_A);
    assert.deepEqual([await leaks(), lines], [[], []]);
    sh('ip link add hv0123456789ab type veth peer name peer');
    sh('ip link set hv0123456789ab up');
    sh('ip route add 10.18.0.40/32 dev hv0123456789ab proto 72');
    nft('add element ip hedgerow ep1 { 10.30.9.9 : 10.18.0.40 }');
    await net.register(WORKER_A);
    assert.deepEqual(await leaks(), ['links 1', 'routes 1', 'elements 1']);
    assert.equal(lines.length, 1);
    await net.register(WORKER_A);
    assert.deepEqual(await leaks(), []);
  });

  test('the port of the tunnel takes whatever comes', async t => {
    const { it, caller, two } = await scene(t);
    assert.equal(await caller.stream('10.30.0.11', 80), 'open');
    const before = await caller.streamed();
    await two.flood(['192.168.77.1'], 50103, 600);
    const after = await caller.streamed();
    assert.ok(after.received > before.received && after.error === '', JSON.stringify(after));
    assert.match((await caller.ask('10.30.0.12', 80))[0] ?? '', /^three/);
    assert.equal((await it.a.status()).problems.length, 0);
  });
}

inNamespace(import.meta.url, tests);
