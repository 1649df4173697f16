import assert from 'node:assert/strict';
import test from 'node:test';
import { agent, inNamespace, sh } from '../testing/namespace.ts';
import { createExec } from './exec.ts';

function tests(): void {
  const exec = createExec();

  test('a batch goes on after a failed line, names it, and forgives what had gone by itself', async () => {
    await exec.batch('ip', ['link add v0 type veth peer name v1', { unlessGone: 'link del dev v9' }]);
    assert.match(sh('ip -br link'), /v0@v1/);
    const lines = [{ unlessGone: 'link del dev v9' }, 'link set dev v8 up', 'link del dev v0'];
    await assert.rejects(exec.batch('ip', lines), {
      code: 'KERNEL_REFUSED',
      message: 'ip: "link set dev v8 up": Cannot find device "v8"',
    });
    assert.doesNotMatch(sh('ip -br link'), /v0/);
  });

  test('a removal that fails for another reason is an error', async () => {
    await assert.rejects(exec.batch('ip', [{ unlessGone: 'link del dev lo' }]), /Operation not supported/);
  });

  test('nft is all or nothing', async () => {
    const lines = ['table ip t {}', 'add chain ip t c', 'add rule ip nowhere c accept'];
    await assert.rejects(exec.batch('nft', lines), { code: 'KERNEL_REFUSED' });
    assert.equal(await exec.read('nft', ['-j', 'list', 'table', 'ip', 't']), null);
  });

  test('words that ip does not know are an error', async () => {
    await assert.rejects(exec.batch('ip', ['rubbish']), { code: 'KERNEL_REFUSED' });
  });

  test('a line is one line', async () => {
    await assert.rejects(exec.batch('ip', ['link show lo\nlink del dev lo']), TypeError);
  });

  test('inside the namespace of a process', async t => {
    const other = await agent(t, 'other');
    await exec.batch('ip', ['link add inner type veth peer name inner2'], other.pid);
    assert.match(sh('ip -br link', other.pid), /inner/);
    assert.doesNotMatch(sh('ip -br link'), /inner/);
  });

  test('what does not exist is null, what cannot be read is an error', async () => {
    assert.equal(await exec.read('ip', ['-j', 'link', 'show', 'dev', 'nothing']), null);
    await assert.rejects(exec.read('ip', ['-j', 'rubbish']), { code: 'KERNEL_REFUSED' });
  });

  test('a watch reports and ends', async () => {
    const seen = Promise.withResolvers<string>();
    const stop = exec.watch(
      'ip',
      ['monitor', 'link'],
      line => seen.resolve(line),
      () => seen.reject(),
    );
    let made = 0;
    // The monitor says nothing when it begins to listen, so there is something to report until it does.
    while (
      (await Promise.race([seen.promise, exec.batch('ip', [`link add w${made++} type ifb`])])) === undefined
    );
    assert.match(await seen.promise, /w\d+/);
    stop();
    const ended = Promise.withResolvers<void>();
    exec.watch('ip', ['rubbish'], () => {}, ended.resolve);
    await ended.promise;
  });
}

inNamespace(import.meta.url, tests);
