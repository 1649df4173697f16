/** The disk of the Net Manager is full: a real file system, a real kernel. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { smallDisk } from '@hedgerow/common/testing';
import { startNetManager } from './app.ts';
import { teardown } from './teardown.ts';
import { agent, inNamespace, kernel } from './testing/namespace.ts';
import { attach, CALLER, WEB } from './testing/scene.ts';
import { entry, instance, WORKER_A, WORKER_B } from './testing/table.ts';

const DEPS = { clock: systemClock, log: silentLogger };

/** So many services that the disk has no room for them in what it has set aside. */
const services = (count: number, third: number) =>
  Array.from({ length: count }, (_, n) =>
    entry(`a.b.s${n}.d`, `10.30.${third}.${n}`, [instance(WORKER_B, n, '10.18.0.66', `10.30.9.${n}`)]),
  );

async function start(t: TestContext, data: string) {
  const running = await startNetManager({ listen: '', data, reconcileEvery: 0 }, DEPS);
  t.after(() => running.stop());
  return running;
}

function tests(): void {
  test('what is new is refused, all else goes on and is stored when there is room', async t => {
    // the journal alone grows to 4 MB
    const disk = smallDisk('8m');
    t.after(() => disk.remove());
    t.after(() => teardown(disk.path, DEPS));
    let running = await start(t, disk.path);
    const { net } = running;
    const [caller, server, fresh] = await Promise.all(['caller', 'server', 'new'].map(n => agent(t, n)));
    assert.ok(caller && server && fresh);
    await net.register(WORKER_A);
    await attach(net, caller, CALLER, 0);
    const address = await attach(net, server, WEB, 0);
    await server.serve(80);
    const web = entry(WEB, '10.30.30.30', [instance(WORKER_A, 0, address, '10.30.0.10')]);
    // the way to the other worker stays from now on
    await net.setTable([web, ...services(1, 5)]);
    await net.setTable([web]);
    assert.deepEqual(await caller.ask('10.30.30.30', 80), ['server 10.18.0.2']);
    const before = kernel();

    disk.fill();
    await net.setTable([web, ...services(200, 5)]);
    await net.setTable([web]);
    assert.equal(kernel(), before);
    await assert.rejects(attach(net, fresh, 'shop.prod.new.prod', 0), { code: 'STORE_FULL' });
    assert.equal(kernel(), before, 'what was refused is undone');
    await net.setTable([{ ...web, service_ip: '10.30.30.31' }, ...services(200, 6)]);
    assert.deepEqual(await caller.ask('10.30.30.31', 80), ['server 10.18.0.2']);
    await server.end();
    const again = await agent(t, 'again');
    await again.serve(80);
    assert.equal(await attach(net, again, WEB, 0), address, 'a restart of what has an address');
    assert.deepEqual(await caller.ask('10.30.30.31', 80), ['again 10.18.0.2']);
    await net.detach({ serviceName: CALLER, instanceNumber: 0 });

    disk.clear();
    await net.register(WORKER_A);
    const wired = kernel();
    await running.stop();
    running = await start(t, disk.path);
    assert.equal(kernel(), wired);
    const { attachments, services: count } = await running.net.status();
    assert.deepEqual([attachments.map(({ serviceName }) => serviceName), count], [[WEB], 201]);
  });
}

inNamespace(import.meta.url, tests);
