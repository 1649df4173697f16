/** What any Net Manager answers, by direct call and over HTTP. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { httpNetManager, type NetManager } from '@hedgerow/protos';
import { startNetManager } from './app.ts';
import { teardown } from './teardown.ts';
import { agent, folder, inNamespace, kernel } from './testing/namespace.ts';
import { entry, instance, WORKER_A, WORKER_B } from './testing/table.ts';

const WAYS = ['direct call', 'HTTP, unix socket', 'HTTP, TCP'] as const;

async function start(t: TestContext, way: (typeof WAYS)[number]): Promise<NetManager> {
  const data = folder();
  const listen = { 'direct call': '', 'HTTP, unix socket': `unix:${data}/s`, 'HTTP, TCP': '127.0.0.1:0' }[
    way
  ];
  const deps = { clock: systemClock, log: silentLogger };
  const running = await startNetManager({ listen, data, reconcileEvery: 0 }, deps);
  t.after(async () => {
    await running.stop();
    await teardown(data, deps);
  });
  if (way === 'direct call') return running.net;
  const client = httpNetManager(running.address);
  t.after(() => client.close());
  return client;
}

type Broken = [what: string, call: (net: NetManager) => Promise<unknown>, code: string, path?: string];
const ATTACH = { pid: 1, serviceName: 'a.b.c.d', instanceNumber: 0, portMappings: '' };
const ENTRY = entry('a.b.c.d', '10.30.0.1', [instance(WORKER_A, 0, '10.18.0.2', '10.30.0.2')]);
const without = (value: object, key: string) => ({ ...value, [key]: undefined }) as never;

const REFUSED: Broken[] = [
  ['no client_id', net => net.register(without(WORKER_A, 'client_id')), 'BAD_REQUEST', 'client_id'],
  ['subnet is no address', net => net.register({ ...WORKER_A, subnet: 'x' }), 'BAD_REQUEST', 'subnet'],
  ['subnet not a /26', net => net.register({ ...WORKER_A, subnet: '10.18.0.1' }), 'BAD_REQUEST', 'subnet'],
  [
    'subnet outside the plan',
    net => net.register({ ...WORKER_A, subnet: '10.30.0.0' }),
    'BAD_REQUEST',
    'subnet',
  ],
  [
    'command in the public address',
    net => net.register({ ...WORKER_A, public_address: '1.2.3.4; reboot' }),
    'BAD_REQUEST',
    'public_address',
  ],
  ['tunnel port 0', net => net.register({ ...WORKER_A, tunnel_port: 0 }), 'BAD_REQUEST', 'tunnel_port'],
  ['pid is text', net => net.attach({ ...ATTACH, pid: '1' as never }), 'BAD_REQUEST', 'pid'],
  ['pid 0', net => net.attach({ ...ATTACH, pid: 0 }), 'BAD_REQUEST', 'pid'],
  [
    'name of three parts',
    net => net.attach({ ...ATTACH, serviceName: 'a.b.c' }),
    'BAD_REQUEST',
    'serviceName',
  ],
  [
    'line break in the name',
    net => net.attach({ ...ATTACH, serviceName: 'a.b.c.d\n' }),
    'BAD_REQUEST',
    'serviceName',
  ],
  [
    'negative instance',
    net => net.attach({ ...ATTACH, instanceNumber: -1 }),
    'BAD_REQUEST',
    'instanceNumber',
  ],
  ['no ports given', net => net.attach(without(ATTACH, 'portMappings')), 'BAD_REQUEST', 'portMappings'],
  ['no process', net => net.attach({ ...ATTACH, pid: 4_194_303 }), 'NO_SUCH_PROCESS', 'pid'],
  ['our own process', net => net.attach({ ...ATTACH, pid: process.pid }), 'BAD_REQUEST', 'pid'],
  ['detach of nothing', net => net.detach({} as never), 'BAD_REQUEST', 'serviceName'],
  ['table is no list', net => net.setTable({} as never), 'BAD_REQUEST', 'entries'],
  [
    'table with a wrong address type',
    net => net.setTable([ENTRY, without(ENTRY, 'service_ip')]),
    'BAD_REQUEST',
    'entries.1.service_ip',
  ],
  [
    'instance without a subnet',
    net => net.setEntry({ ...ENTRY, instances: [without(ENTRY.instances[0] as object, 'worker_subnet')] }),
    'BAD_REQUEST',
    'instances.0.worker_subnet',
  ],
];

function tests(): void {
  for (const way of WAYS) {
    test(`refused by ${way}`, async t => {
      const net = await start(t, way);
      for (const [what, call, code, path] of REFUSED) {
        await t.test(what, async () => {
          const error = (await call(net).then(
            () => assert.fail('was accepted'),
            found => found,
          )) as { code: string; errors: { path: string }[] };
          assert.deepEqual([error.code, error.errors[0]?.path], [code, path]);
        });
      }
      assert.equal((await net.status()).registered, false);
    });

    test(`life of an attachment by ${way}`, async t => {
      const net = await start(t, way);
      const [first, second, third] = [
        await agent(t, 'first'),
        await agent(t, 'second'),
        await agent(t, 'third'),
      ];
      const request = { ...ATTACH, pid: first.pid, portMappings: '8080:80;53:53/udp' };
      await assert.rejects(net.attach(request), { code: 'NOT_REGISTERED' });
      await net.register(WORKER_A);
      const registered = kernel();
      const made = await net.attach(request);
      assert.deepEqual(made, { serviceName: 'a.b.c.d', nsAddress: '10.18.0.2', nsAddressv6: '' });
      const attached = kernel();
      assert.deepEqual(await net.attach(request), made);
      assert.equal(kernel(), attached, 'the same request again changes nothing');
      await net.register(WORKER_A);
      assert.equal(kernel(), attached, 'the same registration again changes nothing');

      const clash = { ...ATTACH, instanceNumber: 1, pid: second.pid, portMappings: '8080:81' };
      await assert.rejects(net.attach(clash), { code: 'PORT_TAKEN' });
      assert.equal(kernel(), attached, 'a refused request changes nothing');
      await assert.rejects(net.attach({ ...clash, portMappings: '50103/udp' }), { code: 'PORT_TAKEN' });
      assert.equal((await net.attach({ ...clash, portMappings: '8080:81/udp' })).nsAddress, '10.18.0.3');

      assert.equal((await net.attach({ ...request, pid: third.pid })).nsAddress, '10.18.0.2');
      await net.setEntry(ENTRY);
      assert.deepEqual(await net.table(), [ENTRY]);
      assert.deepEqual(await net.status(), {
        registered: true,
        worker_id: WORKER_A.client_id,
        subnet: '10.18.0.0',
        attachments: [
          { serviceName: 'a.b.c.d', instanceNumber: 0, nsAddress: '10.18.0.2', pid: third.pid },
          { serviceName: 'a.b.c.d', instanceNumber: 1, nsAddress: '10.18.0.3', pid: second.pid },
        ],
        services: 1,
        problems: [],
        usable: true,
        overlay: { received_bytes: 0, sent_bytes: 0 },
      });
      await net.setTable([]);
      for (const instanceNumber of [0, 1, 1]) await net.detach({ serviceName: 'a.b.c.d', instanceNumber });
      assert.equal(kernel(), registered, 'detach leaves nothing behind');
      const again = await net.attach({ ...request, pid: first.pid });
      assert.equal(again.nsAddress, '10.18.0.4', 'a freed address is used again last');
    });
  }
}

function together(): void {
  test('requests at the same time: each whole, table changes in one go', async t => {
    let changes = 0;
    const log = {
      ...silentLogger,
      debug(_: object, text: string) {
        if (/changed/.test(text)) changes += 1;
      },
    };
    const data = folder();
    const deps = { clock: systemClock, log };
    const { net, stop } = await startNetManager({ listen: '', data, reconcileEvery: 0 }, deps);
    t.after(async () => {
      await stop();
      await teardown(data, deps);
    });
    await net.register(WORKER_A);
    const boxes = await Promise.all([0, 1, 2, 3].map(number => agent(t, `box${number}`)));
    changes = 0;
    const entries = Array.from({ length: 50 }, (_, n) =>
      entry(`a.b.s${n}.d`, `10.30.1.${n}`, [instance(WORKER_B, n, '10.18.0.66', `10.30.2.${n}`)]),
    );
    const [made] = await Promise.all([
      Promise.all(boxes.map((box, n) => net.attach({ ...ATTACH, pid: box.pid, instanceNumber: n }))),
      ...entries.map(one => net.setEntry(one)),
      net.setEntry({ ...entries[0], removed: true } as never),
    ]);
    assert.equal(new Set(made.map(({ nsAddress }) => nsAddress)).size, 4);
    assert.equal((await net.status()).services, 49);
    assert.ok(changes <= 4 + 1, `${changes} changes of the kernel`);
  });
}

inNamespace(import.meta.url, () => {
  tests();
  together();
});
