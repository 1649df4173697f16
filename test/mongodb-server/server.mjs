/**
 * A server that speaks MongoDB's protocol, for tests: mongo-java-server from Maven, on loopback. Plain JavaScript, because
 * `npm test` starts it, too, with whatever Node a machine has.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '..', '..', 'node_modules', '.cache', 'hedgerow');
/** One compiler tier and one collector thread: it starts in half the time, on machines with few cores. */
const JAVA = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/**
 * @returns why it cannot be started here, or false; for the `skip` of a test. A runtime alone does not do: `Server.java` is
 * compiled as it starts.
 */
export function withoutServer({ PATH = '' } = process.env) {
  if (!isProgram('javac', PATH)) return 'Java is missing (Debian: default-jdk-headless)';
  if (!existsSync(jars()) && !isProgram('mvn', PATH)) return 'Maven is missing (Debian: maven)';
  return false;
}

/**
 * @param {{ port?: number, file?: string, streams?: boolean }} options port 0: any free one; file: where it keeps its
 * data, "" = nowhere; streams: has change streams, as a replica set does
 */
export async function startServer({ port = 0, file = '', streams = false } = {}) {
  const lib = await ensureJars();
  const args = [...JAVA, '-cp', join(lib, '*'), join(here, 'Server.java'), port, file, streams].map(String);
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const errors = [];
  child.stderr.on('data', chunk => errors.push(chunk));
  child.stdin.on('error', () => {}); // it was killed: its exit tells
  const exit = once(child, 'exit');
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exit.then(() => [''])]);
  if (!/^\d+$/.test(line)) throw new Error(`no server: ${Buffer.concat(errors)}`);
  return {
    url: `mongodb://127.0.0.1:${line}`,
    port: Number(line),
    pid: child.pid,
    /** It also ends when this process does. */
    async stop() {
      child.stdin.end();
      await exit;
    },
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** Downloads them once per version of `pom.xml`; several may do so at once, and one that was cut short leaves nothing. */
async function ensureJars() {
  const folder = jars();
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'draft-'));
  try {
    const args = ['-q', '-B', '-f', join(here, 'pom.xml'), 'dependency:copy-dependencies'];
    await run('mvn', [...args, `-DoutputDirectory=${draft}`]);
    if (!existsSync(folder)) renameSync(draft, folder);
    return folder;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function jars() {
  const version = createHash('sha256')
    .update(readFileSync(join(here, 'pom.xml')))
    .digest('hex')
    .slice(0, 12);
  return join(cache, `mongodb-server-${version}`);
}

async function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => output.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} failed (${code}): ${Buffer.concat(output)}`);
}

function isProgram(name, path) {
  return path.split(delimiter).some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
