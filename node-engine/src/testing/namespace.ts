import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutDocker } from './dockerd.ts';

const MARK = 'HEDGEROW_TEST_MACHINE';

/**
 * Runs the tests of a file in a network namespace of their own, as on a machine of its own: outside of it, the file is
 * one test that starts itself again inside. Without root it is skipped.
 * @param file `import.meta.url` of the test file
 */
export function onOwnMachine(file: string, tests: () => void): void {
  if (process.env[MARK]) {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    tests();
    return;
  }
  test('in a network namespace of its own', { skip: withoutDocker() }, t => {
    const env: NodeJS.ProcessEnv = { ...process.env, [MARK]: '1' };
    delete env.NODE_TEST_CONTEXT;
    const args = ['--net', process.execPath, '--test-reporter=spec', fileURLToPath(file)];
    const done = spawnSync('unshare', args, { encoding: 'utf8', env, timeout: 120_000 });
    if (done.status !== 0) throw new Error(`${done.stdout}\n${done.stderr}`);
    t.diagnostic(`${/^ℹ pass (\d+)$/m.exec(done.stdout)?.[1]} tests passed in the namespace`);
  });
}

/** A real Net Manager as a process of its own, in this network namespace. Resolves when it answers. */
export async function startNetManager(socket: string, data: string): Promise<{ kill: () => Promise<void> }> {
  const main = fileURLToPath(new URL('../../../net-manager/src/main.ts', import.meta.url));
  const args = [main, '--listen', `unix:${socket}`, '--data', data, '--reconcile-every', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes('"msg":"ready"')) break;
  child.stdout.resume();
  return { kill: () => kill(child) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Takes away what a machine that is switched off loses: links, routes, rules. */
export function loseNetwork(): void {
  execFileSync('nft', ['flush', 'ruleset']);
  const links = JSON.parse(execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })) as { ifname: string }[];
  // the second end of a pair goes with the first
  for (const { ifname } of links) if (ifname !== 'lo') spawnSync('ip', ['link', 'del', ifname]);
}
