/** Network namespaces for tests: the test file itself runs in one, "containers" and other workers in more. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MARK = 'HEDGEROW_TEST_NAMESPACE';

/**
 * Runs the tests of a file in a network namespace of their own: outside of it, the file is one test that starts
 * itself again inside. Without root it is skipped.
 * @param file `import.meta.url` of the test file
 */
export function inNamespace(file: string, tests: () => void): void {
  if (process.env[MARK]) {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    tests();
    return;
  }
  const skip = process.getuid?.() === 0 ? false : 'needs root: network namespaces';
  test('in a network namespace of its own', { skip }, t => {
    const env: NodeJS.ProcessEnv = { ...process.env, [MARK]: '1' };
    delete env.NODE_TEST_CONTEXT;
    const args = ['--net', process.execPath, '--test-reporter=spec', fileURLToPath(file)];
    const done = spawnSync('unshare', args, { encoding: 'utf8', env, timeout: 180_000 });
    if (done.status !== 0) throw new Error(`${done.stdout}\n${done.stderr}`);
    t.diagnostic(`${/^ℹ pass (\d+)$/m.exec(done.stdout)?.[1]} tests passed in the namespace`);
  });
}

export interface Agent {
  name: string;
  pid: number;
  serve(port: number): Promise<void>;
  /** Connects `times` times, to the hosts in turn. @returns the first line of each answer, or what went wrong */
  ask(hosts: string | string[], port: number, times?: number): Promise<string[]>;
  udp(host: string, port: number, from: number, times?: number): Promise<string[]>;
  /** Sends about 1,000 packets a second to the hosts in turn, at `spread` ports from `port` on. @returns how many */
  flood(hosts: string[], port: number, times: number, spread?: number): Promise<number>;
  stream(host: string, port: number): Promise<string>;
  streamed(): Promise<{ sent: number; received: number; error: string }>;
  /** Ends the process, and with it the namespace. */
  end(): Promise<void>;
}

/** A process in a fresh network namespace, or in that of a process; ended with the test. */
export async function agent(t: TestContext, name: string, where: 'fresh' | number = 'fresh'): Promise<Agent> {
  const script = fileURLToPath(new URL('./agent.ts', import.meta.url));
  const [program, ...args] = enter(where);
  const child = spawn(program, [...args, process.execPath, script, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const end = endOf(child);
  t.after(() => end());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (command: object): Promise<never> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} has ended`);
    return JSON.parse(value).answer as never;
  };
  // The namespace is there once the program runs, and it runs once it has answered.
  await tell({ do: 'streamed' });
  return {
    name,
    pid: child.pid ?? 0,
    serve: async port => void (await tell({ do: 'serve', port })),
    ask: (hosts, port, times = 1) => tell({ do: 'ask', hosts: [hosts].flat(), port, times }),
    udp: (host, port, from, times = 1) => tell({ do: 'udp', host, port, from, times }),
    flood: (hosts, port, times, spread = 1) => tell({ do: 'flood', hosts, port, times, spread }),
    stream: (host, port) => tell({ do: 'stream', host, port }),
    streamed: () => tell({ do: 'streamed' }),
    end,
  };
}

export interface Process {
  pid: number;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** `src/main.ts` in a namespace: a fresh one, or that of a process. Resolves when it says that it is ready. */
export async function netManager(
  t: TestContext,
  where: 'fresh' | number,
  args: readonly string[],
): Promise<Process> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const [program, ...words] = enter(where);
  const child = spawn(program, [...words, process.execPath, main, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = endOf(child);
  t.after(() => end());
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  child.stdout?.resume();
  return { pid: child.pid ?? 0, end };
}

function enter(where: 'fresh' | number): [string, string] {
  return where === 'fresh' ? ['unshare', '--net'] : ['nsenter', `--net=/proc/${where}/ns/net`];
}

function endOf(child: ChildProcess): (signal?: NodeJS.Signals) => Promise<void> {
  return async (signal = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'exit');
    child.kill(signal);
    await closed;
  };
}

/** Runs a program in the namespace of a process (of ours when left out). @returns what it printed */
export function sh(command: string, pid?: number): string {
  const words = command.split(' ');
  const all = pid === undefined ? words : ['nsenter', `--net=/proc/${pid}/ns/net`, ...words];
  return execFileSync(all[0] as string, all.slice(1), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function nft(text: string, pid?: number): void {
  const all =
    pid === undefined ? ['nft', '-f', '-'] : ['nsenter', `--net=/proc/${pid}/ns/net`, 'nft', '-f', '-'];
  execFileSync(all[0] as string, all.slice(1), { input: text });
}

/** All that the Net Manager may touch in a namespace, as text to compare; not what the kernel counts by itself. */
export function kernel(pid?: number): string {
  return [
    // whether there is a carrier is known a moment after both ends are up
    sh('ip -br link', pid).replace(/@\S+|NO-CARRIER,|,LOWER_UP| (UP|DOWN) +/g, ''),
    sh('ip -4 -br address', pid).replace(/@\S+/g, ''),
    sh('ip -4 route show table main', pid),
    sh('ip -4 rule show', pid),
    sh('ip -4 neighbour show nud permanent', pid),
    sh('nft list ruleset', pid).replace(/\n\s*elements = \{[^}]*expires[^}]*\}/g, ''),
    sh('sysctl -n net.ipv4.ip_forward', pid),
  ].join('\n---\n');
}

/** A fresh directory, removed with the process: hooks of a test that still need it may run at any time before. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'net-manager-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
