import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { httpNetManager } from '@hedgerow/protos';
import { agent, folder, inNamespace, kernel, netManager, nft, sh } from './testing/namespace.ts';
import { WORKER_A } from './testing/table.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

function run(args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
}

function tests(): void {
  test('a wrong flag is named, help is printed', () => {
    assert.match(run(['--prot', '6000']).stderr, /--prot/);
    assert.match(run(['-p', 'six']).stderr, /--port is "six"/);
    assert.match(run(['--help']).stdout, /-p, --port/);
  });

  test('SIGTERM leaves the data path; --teardown removes it, also after a kill', async t => {
    const data = folder();
    nft('table ip filter { chain DOCKER-USER { return; }; }');
    const bare = kernel();
    const client = httpNetManager(`unix:${data}/s`);
    t.after(() => client.close());
    const box = await agent(t, 'box');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const manager = await netManager(t, process.pid, ['--listen', `unix:${data}/s`, '--data', data]);
      await client.register(WORKER_A);
      await client.attach({ pid: box.pid, serviceName: 'a.b.c.d', instanceNumber: 0, portMappings: '80' });
      const wired = kernel();
      assert.match(sh('nft list chain ip filter DOCKER-USER'), /comment "hedgerow"/);
      await manager.end(signal);
      assert.equal(kernel(), wired);
      assert.equal(run(['--teardown', '--data', data]).status, 0);
      assert.equal(kernel(), bare);
    }
    assert.equal(run(['--teardown', '--data', data]).status, 0, 'again, with nothing to remove');
  });
}

inNamespace(import.meta.url, tests);
