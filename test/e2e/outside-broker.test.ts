/**
 * `MQTT_URL`: a broker that is not ours, Mosquitto, between cluster and workers. Once as anybody may have it, and once
 * with workers' accounts, started by what `docker-compose.yml` starts it with.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exec, inNamespace, type Machine, type Run } from '@hedgerow/cli';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { clientAndServers, shares } from '../support/stories.ts';

const repository = join(import.meta.dirname, '../..');
const MOSQUITTO = '/usr/sbin/mosquitto';
const PORT = 10003;
const PASSWORD = 'of the cluster';

interface Broker {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** of the cluster */
  url: string;
}

const skip = withoutRoot() || withoutMosquitto();

describe('with Mosquitto as the broker', { skip }, () => {
  let fleet: TestFleet;
  let broker: Broker;

  before(async () => {
    ({ fleet, broker } = await startWith(anonymous));
  });
  after(async () => {
    await fleet?.stop();
    await broker?.stop();
  });

  it('deploys, serves and undeploys', () => story(fleet, 'outside'));
});

describe('with Mosquitto and its accounts', { skip }, () => {
  let fleet: TestFleet;
  let broker: Broker;
  let data: string;

  before(async () => {
    data = mkdtempSync(join(tmpdir(), 'hedgerow-mosquitto-'));
    // the broker gives up root's rights, as it does in its container
    execFileSync('chown', ['mosquitto:', data]);
    ({ fleet, broker } = await startWith((run, machine) => withAccounts(run, machine, data)));
  });
  after(async () => {
    await fleet?.stop();
    await broker?.stop();
    rmSync(data, { recursive: true });
  });

  it('deploys, serves and undeploys', () => story(fleet, 'accounts'));

  it('lets a worker in with its own password alone, and to its own topics', async () => {
    const one = [...fleet.workers.values()][0];
    const joined = await joinAsStranger(fleet);
    const tried = await attempts(fleet, joined, one?.id ?? '');
    assert.deepEqual(tried, {
      'with a wrong password': 'refused',
      'without a user': 'refused',
      'with its account': 'let in',
      'subscribes to its topics': 'let in',
      'subscribes to those of another': 'refused',
      'subscribes to all': 'refused',
      'hears what it publishes to another': 'no',
      'hears what it publishes to itself': 'yes',
    });
  });

  it('a broker that has lost its accounts gets them again, and everything goes on', async () => {
    await broker.stop();
    rmSync(join(data, 'dynamic-security.json'));
    rmSync(join(data, 'mosquitto.db'), { force: true });
    await broker.start();
    const workers = () => fleet.client.clusters();
    await eventually('both workers are back', workers, ([cluster]) => cluster?.active_nodes === 2, {
      timeout: 40_000,
      every: 200,
    });
    await story(fleet, 'again');
  });
});

async function story(fleet: TestFleet, name: string): Promise<void> {
  const { server, caller } = await clientAndServers(fleet, name, 3);
  const { lost } = shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 60));
  assert.equal(lost, 0);
  await fleet.client.removeApplication(server.applicationID);
}

async function startWith(make: (run: Run, machine: Machine) => Broker) {
  let broker: Broker | undefined;
  const fleet = await startFleet({
    workers: 2,
    prepare: async (run, { cluster }) => {
      broker = make(run, cluster as Machine);
      await broker.start();
      return { flags: { cluster: ['--mqtt-url', broker.url] } };
    },
  });
  return { fleet, broker: broker as unknown as Broker };
}

function anonymous(run: Run, machine: Machine): Broker {
  const file = join(run.dir, 'mosquitto.conf');
  writeFileSync(file, `listener ${PORT} ${machine.address}\nallow_anonymous true\nuser root\n`);
  return broker(machine, [MOSQUITTO, '-v', '-c', file], `mqtt://${machine.address}:${PORT}`);
}

function withAccounts(_: Run, machine: Machine, data: string): Broker {
  const env = [
    `MQTT_PASSWORD=${PASSWORD}`,
    `MOSQUITTO_DATA=${data}`,
    `MOSQUITTO_CONF=${data}/mosquitto.conf`,
  ];
  const user = ['setpriv', '--reuid=mosquitto', '--regid=mosquitto', '--clear-groups'];
  const start = ['sh', join(repository, 'docker/mosquitto/start.sh')];
  const path = `PATH=${process.env.PATH}:/usr/sbin`;
  const url = `mqtt://cluster:${encodeURIComponent(PASSWORD)}@${machine.address}:${PORT}`;
  return broker(machine, [...user, 'env', path, ...env, ...start], url);
}

function broker(machine: Machine, command: readonly string[], url: string): Broker {
  let child: ChildProcess | undefined;
  return {
    url,
    async start() {
      const [program, args] = inNamespace(machine.namespace, command);
      child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      await until(child, /running/);
    },
    /** Tearing the run down may have ended it already. */
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

interface Joined {
  id: string;
  mqtt_password: string;
}

/** Registers a worker that there is not, to have an account. */
async function joinAsStranger(fleet: TestFleet): Promise<Joined> {
  const body = {
    host: 'stranger',
    vcpus: 1,
    memory: 100,
    architecture: 'amd64',
    virtualization: ['docker'],
    public_address: '192.168.77.99',
    tunnel_port: 50103,
    overlay: false,
    token: (await exec('cat', [join(fleet.cluster.data, 'worker-token')])).trim(),
  };
  const url = `http://${fleet.cluster.address}:10100/api/node/register`;
  const program = `const answer = await fetch(${JSON.stringify(url)}, { method: 'POST',
    headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify(body))} });
    console.log(await answer.text());`;
  return JSON.parse(await inCluster(fleet, program)) as Joined;
}

/** What the broker says to a worker that wants more than it may. */
async function attempts(fleet: TestFleet, joined: Joined, other: string): Promise<Record<string, string>> {
  const given = { url: `mqtt://${fleet.cluster.address}:${PORT}`, joined, other };
  const program = `import { connectAsync } from 'mqtt';
    const { url, joined, other } = ${JSON.stringify(given)};
    const dial = options => connectAsync(url, { clientId: joined.id + '-ne', reconnectPeriod: 0, ...options });
    const account = { username: joined.id, password: joined.mqtt_password };
    const result = {};
    const attempt = async (what, act) => { result[what] = await act().then(() => 'let in', () => 'refused'); };
    await attempt('with a wrong password', () => dial({ ...account, password: 'wrong' }));
    await attempt('without a user', () => dial({}));
    let client;
    await attempt('with its account', async () => { client = await dial(account); });
    const heard = [];
    client.on('message', topic => heard.push(topic));
    const subscribe = filter => () => client.subscribeAsync(filter, { qos: 1 });
    await attempt('subscribes to its topics', subscribe('nodes/' + joined.id + '/#'));
    await attempt('subscribes to those of another', subscribe('nodes/' + other + '/#'));
    await attempt('subscribes to all', subscribe('#'));
    for (const id of [other, joined.id]) await client.publishAsync('nodes/' + id + '/information', '{}', { qos: 1 });
    const end = Date.now() + 5000;
    while (!heard.includes('nodes/' + joined.id + '/information') && Date.now() < end) await new Promise(setImmediate);
    const hears = id => heard.includes('nodes/' + id + '/information') ? 'yes' : 'no';
    result['hears what it publishes to another'] = hears(other);
    result['hears what it publishes to itself'] = hears(joined.id);
    console.log(JSON.stringify(result));
    process.exit();`;
  return JSON.parse(await inCluster(fleet, program)) as Record<string, string>;
}

/** Runs a program in the network namespace of the cluster. @returns what it printed */
function inCluster(fleet: TestFleet, program: string): Promise<string> {
  const node = [process.execPath, '--input-type=module', '--eval', program];
  const place = ['env', '-C', join(repository, 'cluster-orchestrator'), ...node];
  return exec(...inNamespace(fleet.cluster.namespace ?? '', place));
}

function withoutMosquitto(): string | false {
  return existsSync(MOSQUITTO) ? false : 'needs Debian’s package mosquitto';
}

async function until(process_: ChildProcess, line: RegExp): Promise<void> {
  let seen = '';
  for await (const chunk of process_.stderr ?? []) {
    seen += String(chunk);
    if (line.test(seen)) break;
  }
  assert.match(seen, line);
}
