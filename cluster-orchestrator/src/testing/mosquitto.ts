import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { closeServer, listen } from '@hedgerow/common';

const PROGRAM = '/usr/sbin/mosquitto';
const [PLUGIN = ''] = globSync('/usr/lib/*/mosquitto_dynamic_security.so');

/** For `skip` of node:test. */
export const noMosquitto: string | false = existsSync(PROGRAM) ? false : `${PROGRAM} is not installed`;

export interface MosquittoOptions {
  /** with the dynamic security plug-in, user `admin` and password `secret` */
  accounts?: boolean;
  /** more lines of the configuration file */
  lines?: readonly string[];
}

export interface Mosquitto {
  /** with user and password, when it has any */
  url: string;
  port: number;
  /** @param lose forgets every account but `admin` */
  restart(lose: boolean): Promise<void>;
  /** It stands still, its connections stay; or goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Runs `mosquitto_ctrl dynsec`. @returns what it says */
  control(...words: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Debian's mosquitto on a loopback port; it takes no port 0, so a free one is looked for. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'hedgerow-mosquitto-'));
  const accounts = join(folder, 'dynamic-security.json');
  const init = () => control(['dynsec', 'init', accounts, 'admin', 'secret']);
  if (options.accounts) await init();
  const file = join(folder, 'mosquitto.conf');
  const access = options.accounts
    ? ['allow_anonymous false', `plugin ${PLUGIN}`, `plugin_opt_config_file ${accounts}`]
    : ['allow_anonymous true'];
  const lines = [`listener ${port} 127.0.0.1`, 'persistence false', 'user root', ...access];
  await writeFile(file, [...lines, ...(options.lines ?? []), ''].join('\n'));
  let child = await run(file);
  const end = async () => {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  };
  return {
    url: `mqtt://${options.accounts ? 'admin:secret@' : ''}127.0.0.1:${port}`,
    port,
    async restart(lose) {
      await end();
      if (lose) {
        await rm(accounts);
        await init();
      }
      child = await run(file);
    },
    signal: signal => void child.kill(signal),
    control: (...words) =>
      control(['-h', '127.0.0.1', '-p', `${port}`, '-u', 'admin', '-P', 'secret', 'dynsec', ...words]),
    async stop() {
      await end();
      await rm(folder, { recursive: true });
    },
  };
}

async function run(file: string) {
  const child = spawn(PROGRAM, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (said.includes('running')) break;
  }
  if (!said.includes('running')) throw new Error(`mosquitto does not run: ${said}`);
  return child;
}

async function control(args: readonly string[]): Promise<string> {
  return (await promisify(execFile)('mosquitto_ctrl', args)).stdout;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const address = await listen(server, { host: '127.0.0.1', port: 0 });
  await closeServer(server);
  return 'port' in address ? address.port : 0;
}
