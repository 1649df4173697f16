/** The data path in real namespaces, step by step. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import type { TableEntry } from '@hedgerow/protos';
import { agent, inNamespace, kernel, nft, sh } from './testing/namespace.ts';
import { API, attach, CALLER, type Scene, scene, tell, WEB } from './testing/scene.ts';
import { WORKER_A, WORKER_B } from './testing/table.ts';

function counts(answers: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const answer of answers) {
    const name = answer.split(' ')[0] as string;
    result[name] = (result[name] ?? 0) + 1;
  }
  return result;
}

function near(found: Record<string, number>, names: readonly string[], each: number, slack: number): void {
  assert.deepEqual(Object.keys(found).sort(), [...names].sort());
  for (const name of names) {
    assert.ok(Math.abs((found[name] ?? 0) - each) <= slack, `${name} answered ${found[name]} of ~${each}`);
  }
}

/** Deviation of 5 standard deviations: a sound balance fails once in a million runs. */
const slack = (times: number, share: number) => 5 * Math.sqrt(times * share * (1 - share));

/** In this order: each finds what the one before left, and leaves it whole. */
const STEPS: [what: string, step: (scene: Scene, t: TestContext) => unknown][] = [
  [
    'a service IP is balanced over instances here and there',
    async ({ caller }) => {
      near(counts(await caller.ask('10.30.30.30', 80, 600)), ['one', 'two', 'three'], 200, slack(600, 1 / 3));
    },
  ],
  [
    'callers that alternate between two services are balanced too',
    async ({ caller }) => {
      const found = counts(await caller.ask(['10.30.30.30', '10.30.30.40'], 80, 800));
      near(
        { one: found.one ?? 0, two: found.two ?? 0, three: found.three ?? 0 },
        ['one', 'two', 'three'],
        400 / 3,
        slack(400, 1 / 3),
      );
      near({ api1: found.api1 ?? 0, api2: found.api2 ?? 0 }, ['api1', 'api2'], 200, slack(400, 1 / 2));
    },
  ],
  [
    'an instance IP is one instance, which sees the caller’s own address',
    async ({ caller, addresses }) => {
      assert.deepEqual(await caller.ask('10.30.0.12', 80), [`three ${addresses.caller}`]);
      assert.deepEqual(await caller.ask('10.30.0.10', 80), [`one ${addresses.caller}`]);
      assert.deepEqual(await caller.udp('10.30.0.11', 80, 5000, 1), ['two']);
    },
  ],
  [
    'an instance reaches its own service IP and instance IP',
    async ({ one }) => {
      near(counts(await one.ask('10.30.30.30', 80, 300)), ['one', 'two', 'three'], 100, slack(300, 1 / 3));
      assert.deepEqual(await one.ask('10.30.0.10', 80), ['one 10.18.0.1']);
    },
  ],
  [
    'the worker’s own processes reach a service IP',
    async () => {
      const socket = connect({ host: '10.30.30.40', port: 80 });
      const [data] = await once(socket, 'data');
      socket.destroy();
      assert.match(String(data), /^api[12] 10\.18\.0\.1/);
    },
  ],
  [
    'an address that nobody answers for is refused at once',
    async ({ caller }) => {
      const unknown = ['10.30.99.99', '10.18.0.50', '10.18.0.100', '10.27.0.5'];
      for (const answer of await caller.ask(unknown, 80, unknown.length)) {
        const [code, ms] = answer.split(' ');
        assert.match(code ?? '', /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/);
        assert.ok(Number(ms) < 100, answer);
      }
      assert.notEqual((await caller.udp('10.30.99.99', 80, 5001, 1))[0], 'SILENT');
    },
  ],
  [
    'what a worker that was given up still runs is answered, until nothing is told any more',
    async ({ it, caller, web, api, table }) => {
      const onB = (whole: TableEntry) => ({
        ...whole,
        instances: whole.instances.filter(({ worker_id }) => worker_id === WORKER_B.client_id),
      });
      await it.b.setTable([onB(web), onB(api)]);
      assert.match((await caller.ask('10.30.0.12', 80))[0] ?? '', /^three/);
      await it.b.setTable([]);
      assert.match((await caller.ask('10.30.0.12', 80))[0] ?? '', /^(SILENT|E)/);
      await it.b.setTable(table);
    },
  ],
  [
    'packets of 64 KB stay whole on links and tunnel',
    ({ two }) => {
      const wanted = ['"gso_max_size":65536', '"mtu":1450'];
      for (const device of ['hedgerow', ...(sh('ip -br link').match(/^hv\w+/gm) ?? [])]) {
        const link = sh(`ip -j -d link show dev ${device}`);
        for (const text of wanted) assert.ok(link.includes(text), `${device}: ${text}`);
      }
      const inside = sh('ip -j -d link show dev eth0', two.pid);
      for (const text of wanted) assert.ok(inside.includes(text), `eth0: ${text}`);
    },
  ],
  [
    'with the machine’s strict reverse path filter',
    async ({ caller }) => {
      sh('sysctl -q -w net.ipv4.conf.all.rp_filter=1');
      const found = counts(await caller.ask('10.30.30.30', 80, 60));
      sh('sysctl -q -w net.ipv4.conf.all.rp_filter=0');
      assert.deepEqual(Object.keys(found).sort(), ['one', 'three', 'two']);
    },
  ],
  [
    'UDP leaves an instance that has gone',
    async ({ it, caller, web, api, callers, table }) => {
      const before = await caller.udp('10.30.30.30', 80, 6000, 5);
      assert.equal(new Set(before).size, 1, 'a flow stays on its instance');
      const gone = { one: 0, two: 1, three: 2 }[before[0] as string];
      const rest = { ...web, instances: web.instances.filter(i => i.instance_number !== gone) };
      await tell(it, [rest, api, callers]);
      const after = await caller.udp('10.30.30.30', 80, 6000, 5);
      assert.equal(new Set(after).size, 1);
      assert.notEqual(after[0], before[0]);
      assert.notEqual(after[0], 'SILENT');
      await tell(it, table);
    },
  ],
  [
    'published ports answer on the worker’s own addresses only',
    async ({ it, caller, api1 }, t) => {
      const outside = await agent(t, 'outside');
      await attach(it.a, api1, API, 0, '8080:80/tcp;8053:80/udp');
      sh(`ip link add lan type veth peer name lan netns ${outside.pid}`);
      for (const [pid, address] of [
        [undefined, '192.168.78.1'],
        [outside.pid, '192.168.78.2'],
      ] as const) {
        sh(`ip address add ${address}/24 dev lan`, pid);
        sh('ip link set lan up', pid);
      }
      sh('ip route add default via 192.168.78.1', outside.pid);
      await outside.serve(8080);
      assert.deepEqual(await outside.ask('192.168.78.1', 8080), ['api1 192.168.78.2']);
      assert.deepEqual(await outside.udp('192.168.78.1', 8053, 6001, 1), ['api1']);
      assert.deepEqual(counts(await caller.ask('192.168.77.1', 8080)), { api1: 1 }, 'from a container');
      assert.deepEqual(counts(await api1.ask('192.168.77.1', 8080)), { api1: 1 }, 'from itself');
      assert.deepEqual(
        await caller.ask('192.168.78.2', 8080),
        ['outside 192.168.78.1'],
        'not taken; masqueraded',
      );
      assert.match(
        (await outside.ask('192.168.77.2', 8080))[0] ?? '',
        /^(?!api1)/,
        'not another worker’s address',
      );
      assert.deepEqual(await hereAsks('127.0.0.1', 8080), 'api1 10.18.0.1', 'on localhost');
      await attach(it.a, api1, API, 0, '');
      assert.match((await outside.ask('192.168.78.1', 8080))[0] ?? '', /^ECONNREFUSED/);
      sh('ip link del lan');
    },
  ],
  [
    'Docker drops what it forwards',
    async ({ it, caller }) => {
      nft(`table ip filter {
      chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }
      chain DOCKER-USER { counter return; }
    }`);
      assert.match((await caller.ask('10.30.0.12', 80))[0] ?? '', /^SILENT/, 'the policy works');
      await it.a.register(WORKER_A);
      near(counts(await caller.ask('10.30.30.30', 80, 60)), ['one', 'two', 'three'], 20, slack(60, 1 / 3));
      const chain = sh('nft list chain ip filter DOCKER-USER');
      await it.a.register(WORKER_A);
      assert.equal(sh('nft list chain ip filter DOCKER-USER'), chain, 'inserted once');
      assert.match(sh('iptables -S DOCKER-USER'), /-i hv\+/, 'iptables can read it');
      nft('delete table ip filter');
    },
  ],
  [
    'what is removed behind its back is put back',
    async ({ it, caller, addresses }) => {
      const whole = kernel();
      const link = sh('ip -4 route show 10.18.0.3').split(' ')[2];
      const damages: Record<string, () => unknown> = {
        'a link’s route': () => sh('ip route del 10.18.0.3/32'),
        'the route to a worker': () => sh('ip route del 10.18.0.64/26'),
        'a tunnel end': () => sh('bridge fdb del 02:48:0a:12:00:41 dev hedgerow self'),
        'a neighbour': () => sh(`ip neighbour del 10.18.0.3 dev ${link}`),
        'the whole table': () => nft('delete table ip hedgerow'),
        'a rule': () => nft('flush chain ip hedgerow services'),
        'the elements of a map': () => nft('flush map ip hedgerow ep3'),
        'a strange rule': () => nft('insert rule ip hedgerow forward drop'),
        'the tunnel': () => sh('ip link del hedgerow'),
        'a link': () => sh(`ip link del ${link}`),
        'a link of nobody': () => sh('ip link add hv0123456789ab type veth peer name peer'),
        'a link that is down': () => sh(`ip link set ${link} down`),
        forwarding: () => sh('sysctl -q -w net.ipv4.ip_forward=0'),
      };
      for (const [what, damage] of Object.entries(damages)) {
        damage();
        await it.a.register(WORKER_A);
        assert.deepEqual(kernel().split('\n').sort(), whole.split('\n').sort(), what);
        assert.deepEqual(
          await caller.ask(['10.30.0.10', '10.30.0.12'], 80, 2),
          [`one ${addresses.caller}`, `three ${addresses.caller}`],
          what,
        );
      }
    },
  ],
  [
    'a restart adopts what is there and disturbs no stream',
    async ({ it, caller }) => {
      assert.equal(await caller.stream('10.30.0.12', 80), 'open');
      const before = kernel();
      it.a = await it.restartA();
      await it.restartB();
      assert.equal(kernel(), before);
      const { received } = await caller.streamed();
      assert.deepEqual(counts(await caller.ask('10.30.0.11', 80)), { two: 1 });
      const later = await caller.streamed();
      assert.ok(later.received > received && later.error === '', JSON.stringify(later));
      assert.equal((await it.b.status()).attachments.length, 3);
    },
  ],
  [
    'a connection to an instance that goes ends at once',
    async ({ it, caller, web, api, callers }) => {
      await it.b.detach({ serviceName: WEB, instanceNumber: 2 });
      await tell(it, [{ ...web, instances: web.instances.slice(0, 2) }, api, callers]);
      const started = performance.now();
      while ((await caller.streamed()).error === '') {
        assert.ok(performance.now() - started < 2000, 'the stream hangs');
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      near(counts(await caller.ask('10.30.30.30', 80, 100)), ['one', 'two'], 50, slack(100, 1 / 2));
    },
  ],
  [
    'a container that died is taken out, and comes back under its address',
    async ({ it, caller, one, addresses, home }) => {
      await one.end();
      await it.a.register(WORKER_A);
      assert.deepEqual(counts(await caller.ask('10.30.30.30', 80, 20)), { two: 20 });
      const again = await agent(home, 'again');
      await again.serve(80);
      assert.equal(await attach(it.a, again, WEB, 0), addresses.one);
      near(counts(await caller.ask('10.30.30.30', 80, 100)), ['again', 'two'], 50, slack(100, 1 / 2));
    },
  ],
  [
    'a container that takes the place of another one at once is wired, also where its namespace has the same number',
    async ({ it }, t) => {
      const numbers: number[] = [];
      for (let time = 0; time < 5; time += 1) {
        const next = await agent(t, `start ${time}`);
        numbers.push(statSync(`/proc/${next.pid}/ns/net`).ino);
        const address = await attach(it.a, next, 'shop.prod.again.prod', 0);
        assert.match(sh('ip -4 -o addr show dev eth0', next.pid), new RegExp(`inet ${address}/32`));
        await next.end();
        // the kernel clears a namespace away by and by; when the next one has come and gone, the number is free
        await (await agent(t, `between ${time}`)).end();
      }
      await it.a.detach({ serviceName: 'shop.prod.again.prod', instanceNumber: 0 });
      t.diagnostic(`numbers of the namespaces: ${numbers.join(', ')}`);
    },
  ],
  [
    'an attach that the kernel refuses changes nothing',
    async ({ it, caller }, t) => {
      const stranger = await agent(t, 'stranger');
      sh('ip link add eth0 type veth peer name other', stranger.pid);
      const before = kernel();
      await assert.rejects(attach(it.a, stranger, 'shop.prod.extra.prod', 0), { code: 'KERNEL_REFUSED' });
      assert.equal(kernel(), before);
      assert.deepEqual(counts(await caller.ask('10.30.0.11', 80)), { two: 1 });
    },
  ],
  [
    'detaching all and an empty table leave nothing',
    async ({ it, fresh }) => {
      const all = [
        [CALLER, 0],
        [WEB, 0],
        [API, 0],
      ] as const;
      for (const [serviceName, instanceNumber] of all) await it.a.detach({ serviceName, instanceNumber });
      await tell(it, []);
      assert.equal(kernel(), fresh);
    },
  ],
];

function tests(): void {
  test('two workers', async t => {
    // a new namespace begins with what the machine's own has
    sh('sysctl -q -w net.ipv4.ip_forward=0');
    const bare = kernel();
    await t.test('the data path', async t => {
      const the = await scene(t);
      for (const [what, step] of STEPS) await t.test(what, t => step(the, t) as Promise<void>);
    });
    assert.equal(kernel(), bare, 'teardown leaves the namespace as it was');
  });
}

async function hereAsks(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  const [data] = await once(socket, 'data');
  socket.destroy();
  return String(data).trim();
}

inNamespace(import.meta.url, tests);
