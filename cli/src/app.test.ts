import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { closeServer, listen, type Running, silentLogger, systemClock } from '@hedgerow/common';
import demo from '@hedgerow/examples/demo.json' with { type: 'json' };
import { rootSettings, startRoot } from '@hedgerow/root-orchestrator';
import { runCli } from './app.ts';

interface Result {
  code: number;
  out: string;
  err: string;
}

let folder = '';
let root: Running & { url: string };
let home = '';

async function hedge(args: string[], input = '', env: Record<string, string> = {}): Promise<Result> {
  const result = { out: '', err: '' };
  const code = await runCli(args, {
    env: { HOME: home, HEDGE_URL: root.url, ...env },
    out: text => {
      result.out += text;
    },
    err: text => {
      result.err += text;
    },
    read: async () => input,
    ask: async () => null,
  });
  return { code, ...result };
}

async function login(): Promise<void> {
  const result = await hedge(['login', '--password-stdin'], 'Admin\n');
  assert.equal(result.code, 0, result.err);
}

const DEFAULTS = Object.fromEntries(
  Object.entries(rootSettings).map(([key, setting]) => [key, setting.default]),
);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hedge-cli-'));
  const config = { ...DEFAULTS, port: 0, data: join(folder, 'root') } as Parameters<typeof startRoot>[0];
  root = await startRoot(config, { clock: systemClock, log: silentLogger });
});

after(async () => {
  await root.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  home = mkdtempSync(join(folder, 'home-'));
});

describe('use', () => {
  test('every command has a help page with an example', async () => {
    const { out, code } = await hedge(['--help']);
    assert.equal(code, 0);
    const names = [...out.matchAll(/^ {2}([a-z]+) .*$/gm)].map(match => match[1] ?? '');
    const own = names.filter(name => !['root', 'cluster', 'worker', 'help', 'hedge'].includes(name));
    assert.ok(own.length >= 12, out);
    for (const name of own) {
      const page = await hedge([name, '--help']);
      assert.equal(page.code, 0);
      assert.match(page.out, /Examples?:\n {2}/, name);
    }
  });

  test('wrong use is 2', async () => {
    for (const args of [['nothing'], ['deploy'], ['ps', '--bad'], ['scale', 'x', '-1'], ['token', 'root']]) {
      assert.equal((await hedge(args)).code, 2, args.join(' '));
    }
    assert.equal((await hedge(['deploy', '/no/such/file'])).code, 2);
  });

  test('up --dry-run says what is wrong and starts nothing', async () => {
    const { port } = new URL(root.url);
    const taken = await hedge(['up', '--dry-run', '--port', port]);
    assert.equal(taken.code, 1);
    assert.match(taken.err, new RegExp(`port ${port} of 127.0.0.1 is in use`));
    assert.deepEqual(await hedge(['up', '--dry-run', '--port', '0']), { code: 0, out: '', err: '' });
    assert.equal((await hedge(['up', '--dry-run', '--workers', '9'])).code, 2);
  });

  test('who asks a cluster is told how that of hedge up is asked', async () => {
    const { code, err } = await hedge(['instances']);
    assert.equal(code, 2);
    assert.match(err, /--cluster <url>.*nsenter --net=/);
    for (const name of ['instances', 'workers']) {
      const { out } = await hedge([name, '--help']);
      assert.match(out.replace(/\s+/g, ' '), /nsenter --net=\/run\/netns\/hedge-…-cluster/, name);
    }
  });

  test('help of a command that there is not is wrong use', async () => {
    const unknown = await hedge(['help', 'nope']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /nope/);
    assert.match((await hedge(['help', 'ps'])).out, /Usage: hedge ps/);
    assert.equal((await hedge(['help'])).out, (await hedge(['--help'])).out);
    const { out, code } = await hedge(['--version']);
    assert.equal(code, 0);
    assert.match(out, /^\d+\.\d+\.\d+\n$/);
  });

  test('a bad address says whose it is', async () => {
    assert.match((await hedge(['--url', 'foo', 'clusters'])).err, /no address of a System Manager/);
    const asked = await hedge(['workers', '--cluster', 'foo']);
    assert.equal(asked.code, 2);
    assert.match(asked.err, /no address of a Cluster Manager/);
  });

  test('not logged in is 3, a wrong password too', async () => {
    const listed = await hedge(['apps']);
    assert.equal(listed.code, 3);
    assert.match(listed.err, /hedge login/);
    const refused = await hedge(['login', '--password-stdin'], 'wrong');
    assert.equal(refused.code, 3);
  });

  test('nobody there is 6, another kind of server is 1', async () => {
    assert.equal((await hedge(['--url', 'http://127.0.0.1:9', 'clusters'])).code, 6);
    assert.equal((await hedge(['--url', 'ftp://x', 'clusters'])).code, 2);
    const server = createServer((_, response) => response.end('<html>'));
    const { port } = (await listen(server, { host: '127.0.0.1', port: 0 })) as { port: number };
    assert.equal((await hedge(['--url', `http://127.0.0.1:${port}`, 'clusters'])).code, 1);
    await closeServer(server);
  });
});

interface Listed {
  job_name: string;
  image: string;
  generation: number;
}

async function listed(): Promise<Listed[]> {
  const { token } = JSON.parse(readFileSync(join(home, '.config/hedgerow/session.json'), 'utf8')) as {
    token: string;
  };
  const answer = await fetch(`${root.url}/api/services`, { headers: { Authorization: `Bearer ${token}` } });
  return (await answer.json()) as Listed[];
}

/** Makes events until somebody has heard enough of them: nobody tells when he has begun to listen. */
async function deployAgainUntil(watching: Promise<Result>): Promise<Result> {
  let over = false;
  void watching.finally(() => {
    over = true;
  });
  while (!over) {
    await hedge(['deploy', '-', '--instances', '0'], JSON.stringify(demo));
    await hedge(['rm', 'clientsrvr']);
  }
  return watching;
}

describe('from login to removal', () => {
  const file = () => {
    const path = join(home, 'demo.json');
    writeFileSync(path, JSON.stringify(demo));
    return path;
  };

  test('deploy, list, conflict, remove', async () => {
    await login();
    const deployed = await hedge(['deploy', file(), '--instances', '0', '--json']);
    assert.equal(deployed.code, 0, deployed.err);
    const rows = JSON.parse(deployed.out) as { service: string; service_ip: string }[];
    assert.deepEqual(
      rows.map(row => row.service),
      ['clientsrvr.test.curl.test', 'clientsrvr.test.nginx.test'],
    );
    assert.equal(rows[1]?.service_ip, '10.30.30.30');

    const again = await hedge(['deploy', '-', '--instances', '0'], JSON.stringify(demo));
    assert.equal(again.code, 5);
    assert.match(again.err, /clientsrvr/);

    assert.match((await hedge(['apps'])).out, /clientsrvr\.test .* 2 +Admin/);
    assert.match(
      (await hedge(['ps', 'nginx'])).out,
      /clientsrvr\.test\.nginx\.test +- +not deployed +10\.30\.30\.30/,
    );
    assert.equal((await hedge(['ps', 'nobody'])).code, 4);
    assert.equal((await hedge(['clusters', '--json'])).out, '[]\n');
    assert.equal((await hedge(['workers', '--json'])).out, '[]\n');

    const scaled = await hedge(['scale', 'nginx', '2', '--no-wait', '--json']);
    assert.equal(scaled.code, 0, scaled.err);
    assert.equal((JSON.parse(scaled.out) as object[]).length, 2);
    assert.equal((await hedge(['rm', 'nginx/1'])).code, 0);
    assert.equal((await hedge(['rm', 'nginx/7'])).code, 4);
    assert.equal((await hedge(['rm', 'clientsrvr.test'])).code, 0);
    assert.equal((await hedge(['apps', '--json'])).out, '[]\n');
  });

  test('a bad SLA is 5 and names the field', async () => {
    await login();
    const bad = structuredClone(demo) as { applications: { microservices: { memory: unknown }[] }[] };
    const service = bad.applications[0]?.microservices[0];
    assert.ok(service);
    service.memory = -1;
    const result = await hedge(['deploy', '-'], JSON.stringify(bad));
    assert.equal(result.code, 5);
    assert.match(result.err, /applications\.0\.microservices\.0\.memory: found -1; allowed: /);
  });

  test('what is not JSON is 2', async () => {
    await login();
    assert.equal((await hedge(['deploy', '-'], '{')).code, 2);
  });

  test('an instance that cannot run is told after the time that one gives it', async () => {
    await login();
    const result = await hedge(['deploy', file(), '--timeout', '1']);
    assert.equal(result.code, 1);
    assert.match(result.err, /not running after 1 s: clientsrvr\.test\.curl\.test\/0 is \w+/);
    const scaled = await hedge(['scale', 'nginx', '2', '--timeout', '1']);
    assert.match(scaled.err, /not running after 1 s: /);
    assert.equal((await hedge(['rm', 'clientsrvr'])).code, 0);
  });

  test('why says how an instance is and what happened to it', async () => {
    await login();
    assert.equal((await hedge(['deploy', file(), '--no-wait'])).code, 0);
    const why = await hedge(['why', 'nginx']);
    assert.equal(why.code, 0, why.err);
    assert.match(
      why.out,
      /^clientsrvr\.test\.nginx\.test\/0 is \w+: .+\n\nWHEN +STAYED +TIER +STATUS +WORKER +WHY\n/,
    );
    assert.match(why.out, /s so far +root +\w+ +- +\w/);
    const told = JSON.parse((await hedge(['why', 'nginx/0', '--json'])).out);
    assert.deepEqual([told.service, told.instance], ['clientsrvr.test.nginx.test', 0]);
    assert.ok(told.moves.length > 0 && told.moves.every(({ tier }: { tier: string }) => tier === 'root'));
    const again = JSON.parse((await hedge(['why', 'nginx', '0', '--json'])).out);
    assert.deepEqual(again.moves.slice(0, told.moves.length), told.moves);
    assert.equal((await hedge(['why', 'nginx', '7'])).code, 4);
    assert.equal((await hedge(['why', 'nobody'])).code, 4);
    await hedge(['scale', 'nginx', '2', '--no-wait']);
    const both = await hedge(['why', 'nginx']);
    assert.equal(both.code, 0, both.err);
    assert.match(both.out, /nginx\.test\/0 is \w+[\s\S]+\n\nclientsrvr\.test\.nginx\.test\/1 is \w+/);
    const list = JSON.parse((await hedge(['why', 'nginx', '--json'])).out) as { instance: number }[];
    assert.deepEqual(
      list.map(({ instance }) => instance),
      [0, 1],
    );
    assert.equal((await hedge(['rm', 'clientsrvr'])).code, 0);
  });

  test('an update changes some fields, or all of them from an SLA, and is followed to its end', async () => {
    await login();
    assert.equal((await hedge(['deploy', file(), '--no-wait'])).code, 0);
    const update = (...args: string[]) => hedge(['update', 'nginx', ...args, '--timeout', '20']);
    const changed = await update('--image', 'other:1', '-e', 'A=1', 'B=2', '--memory', '7');
    assert.equal(changed.code, 0, changed.err);
    assert.match(changed.err, /clientsrvr\.test\.nginx\.test done: /);
    assert.match(changed.out, /clientsrvr\.test\.nginx\.test +1 /);
    assert.match((await update('--image', 'other:1')).err, /it is so already/);
    assert.equal((await update('-e', 'B=3')).code, 0);
    const whole = await update('-f', file());
    assert.equal(whole.code, 0, whole.err);
    const [service] = (await listed()).filter(({ job_name }) => job_name === 'clientsrvr.test.nginx.test');
    assert.deepEqual(
      [service?.generation, service?.image],
      [4, demo.applications[0]?.microservices[1]?.code],
    );
    assert.deepEqual(
      await Promise.all(
        [[], ['--image', 'x', '-f', file()], ['--memory', '-1'], ['-e', 'FOO']].map(
          async a => (await update(...a)).code,
        ),
      ),
      [2, 2, 2, 2],
    );
    assert.equal((await update('--image', 'No Image')).code, 5);
    assert.equal((await hedge(['update', 'nobody', '--image', 'x'])).code, 4);
    const foreign = { ...demo, applications: [{ ...demo.applications[0], application_name: 'x' }] };
    assert.equal((await hedge(['update', 'nginx', '-f', '-'], JSON.stringify(foreign))).code, 4);
    assert.equal((await hedge(['rm', 'clientsrvr'])).code, 0);
  });

  test('watch prints what changes', async () => {
    await login();
    const all = hedge(['watch', '-n', '3', '--json']);
    const begun = hedge(['watch', '--kind', 'application', '-n', '2']);
    // Both are there when the first of them is heard.
    const made = await deployAgainUntil(all);
    assert.equal(made.code, 0, made.err);
    const events = made.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { kind: string });
    assert.ok(events.length === 3 && events.every(({ kind }) => typeof kind === 'string'));
    const text = await deployAgainUntil(begun);
    assert.match(text.out, /^\d\d:\d\d:\d\d\.\d{3} application clientsrvr\.test (created|removed)\n/);
    assert.equal((await hedge(['watch', 'nobody'])).code, 4);
    assert.equal((await hedge(['watch', '--kind', 'weather'])).code, 2);
  });

  test('an access token that ran out is renewed without a word', async () => {
    await login();
    const path = join(home, '.config/hedgerow/session.json');
    const session = JSON.parse(readFileSync(path, 'utf8')) as { token: string };
    writeFileSync(path, JSON.stringify({ ...session, token: 'expired' }));
    assert.equal((await hedge(['apps'])).code, 0);
    assert.notEqual((JSON.parse(readFileSync(path, 'utf8')) as { token: string }).token, 'expired');
  });

  test('a session is for one root only', async () => {
    await login();
    const result = await hedge(['apps'], '', { HEDGE_URL: root.url.replace('127.0.0.1', 'localhost') });
    assert.equal(result.code, 3);
    assert.match(result.err, /the session is for/);
  });

  test('without an address, commands ask where the login was, and say so when nobody answers', async () => {
    await login();
    assert.equal((await hedge(['apps'], '', { HEDGE_URL: '' })).code, 0);
    const path = join(home, '.config/hedgerow/session.json');
    const session = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...session, url: 'http://127.0.0.1:9' }));
    const silent = await hedge(['apps'], '', { HEDGE_URL: '' });
    assert.equal(silent.code, 6);
    assert.match(silent.err, /127\.0\.0\.1:9 .*from the session of hedge login; --url overrides it/);
  });
});

test('join tokens are read from the data directory', async () => {
  const token = readFileSync(join(folder, 'root/cluster-token'), 'utf8').trim();
  assert.equal((await hedge(['token', 'cluster', '--data', join(folder, 'root')])).out, `${token}\n`);
  const missing = await hedge(['token', 'worker', '--data', folder]);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /worker-token/);
});
