/** A machine that lacks something: found at the start, told, and taken back when it is mended. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type Logger, silentLogger, systemClock } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import { startNetManager } from './app.ts';
import { teardown } from './teardown.ts';
import { agent, folder, inNamespace, kernel } from './testing/namespace.ts';
import { attach, WEB } from './testing/scene.ts';
import { WORKER_A } from './testing/table.ts';

/** As iproute2 on a kernel without VXLAN answers a batch. */
const IP_WITHOUT_VXLAN = `#!/bin/sh
for file; do :; done
if grep -q vxlan "$file" 2>/dev/null; then
  echo 'Error: Unknown device type.' >&2
  echo "Command failed $file:1" >&2
  exit 1
fi
PATH=/usr/sbin:/sbin:/usr/bin:/bin exec ip "$@"
`;

function tests(): void {
  test('a kernel without VXLAN', async t => {
    const data = folder();
    const bin = join(data, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ip'), IP_WITHOUT_VXLAN);
    chmodSync(join(bin, 'ip'), 0o755);
    const { PATH } = process.env;
    process.env.PATH = `${bin}:${PATH}`;
    t.after(() => {
      process.env.PATH = PATH;
    });
    const told: string[] = [];
    const error = (_: object, text: string) => void told.push(text);
    const log: Logger = { ...silentLogger, error };
    const metrics = new MetricRegistry(log);
    const deps = { clock: systemClock, log, metrics };
    const bare = kernel();
    const { net, stop } = await startNetManager({ listen: '', data, reconcileEvery: 0 }, deps);
    t.after(async () => {
      await stop();
      await teardown(data, deps);
    });
    assert.deepEqual(told, ['no container can be attached to the network of this machine']);
    const { usable, problems } = await net.status();
    assert.equal(usable, false);
    assert.deepEqual(problems.length, 1);
    assert.match(problems[0] ?? '', /^vxlan: ip: .*Unknown device type\. \(modprobe vxlan\)$/);
    assert.match(await metrics.text(), /^hedgerow_net_problems 1$/m);
    await assert.rejects(net.register(WORKER_A), { code: 'KERNEL_REFUSED' });
    const box = await agent(t, 'box');
    await assert.rejects(attach(net, box, WEB, 0), { code: 'NOT_REGISTERED' });
    assert.equal(kernel(), bare, 'nothing is left');

    rmSync(join(bin, 'ip'));
    await net.register(WORKER_A);
    assert.deepEqual([(await net.status()).usable, (await net.status()).problems], [true, []]);
    assert.equal(await attach(net, box, WEB, 0), '10.18.0.2');
  });

  test('a process without the right to change the network', () => {
    const script = `import { checkKernel } from ${JSON.stringify(new URL('./check-kernel.ts', import.meta.url).href)};
      console.log(JSON.stringify(await checkKernel()));`;
    const args = ['--bounding-set=-net_admin', process.execPath, '--input-type=module', '-e', script];
    const found = JSON.parse(execFileSync('setpriv', args, { encoding: 'utf8' })) as {
      name: string;
      why: string;
    }[];
    const lacking = found.filter(({ why }) => why !== '').map(({ name }) => name);
    assert.ok(lacking.includes('veth') && lacking.includes('vxlan'), lacking.join());
    assert.match(found.find(({ name }) => name === 'veth')?.why ?? '', /not permitted/);
  });
}

inNamespace(import.meta.url, tests);
