import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { closeServer, listen } from '@hedgerow/common';
import { runCli } from '../app.ts';

const main = join(import.meta.dirname, '../main.ts');

/** What the API answers for an instance, and what it was asked. */
let outputs: Map<string, (response: ServerResponse) => void>;
let asked: string[];

const server = createServer((request, response) => {
  const [path = '', query] = (request.url ?? '').split('?');
  const json = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (path === '/api/auth/login') return json(200, { token: 't', refresh_token: 'r' });
  if (path === '/api/services') return json(200, [service('web', [0, 10]), service('idle', [])]);
  const [, number] = /^\/api\/service\/id-of-web\/instance\/(\d+)\/logs$/.exec(path) ?? [];
  asked.push(`${number}?${query}`);
  const output = outputs.get(number ?? '');
  if (output) return output(response);
  return json(409, { code: 409, error: 'INSTANCE_NOT_PLACED', message: 'it is REQUESTED' });
});
let url: string;
let home: string;

function service(name: string, numbers: number[]) {
  return {
    microserviceID: `id-of-${name}`,
    job_name: `app.test.${name}.test`,
    service_name: name,
    instance_list: numbers.map(instance_number => ({ instance_number })),
  };
}

function lines(...texts: string[]) {
  return (response: ServerResponse) => {
    response.end(texts.map(text => `${text}\n`).join(''));
  };
}

before(async () => {
  const address = await listen(server, { host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${'port' in address ? address.port : 0}`;
  home = mkdtempSync(join(tmpdir(), 'hedge-logs-'));
  await hedge('login', '--password-stdin');
});
after(async () => {
  server.closeAllConnections();
  await closeServer(server);
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  asked = [];
  outputs = new Map([
    ['0', lines('one', 'two')],
    ['10', lines('three')],
  ]);
});

async function hedge(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const result = { out: '', err: '' };
  const code = await runCli(args, {
    env: { HOME: home, HEDGE_URL: url },
    out: text => {
      result.out += text;
    },
    err: text => {
      result.err += text;
    },
    read: async () => 'Admin\n',
    ask: async () => null,
  });
  return { code, ...result };
}

test('of one instance: its lines and nothing else', async () => {
  assert.deepEqual(await hedge('logs', 'web', '0'), { code: 0, out: 'one\ntwo\n', err: '' });
  assert.deepEqual(await hedge('logs', 'app.test.web.test/10', '--tail', '3', '-f'), {
    code: 0,
    out: 'three\n',
    err: '',
  });
  assert.deepEqual(asked, ['0?follow=false&tail=100', '10?follow=true&tail=3']);
});

test('of a service: all its instances, in order, each line with its name', async () => {
  const { code, out } = await hedge('logs', 'web');
  assert.equal(code, 0);
  assert.equal(out, 'app.test.web.test/0  | one\napp.test.web.test/0  | two\napp.test.web.test/10 | three\n');
});

test('what was printed does not steer the terminal', async () => {
  outputs.set('0', lines('\u001b[31mred\u001b[2J'));
  assert.equal((await hedge('logs', 'web/0')).out, '\u001b[31mred\\x1b[2J\u001b[0m\n');
});

describe('exit codes', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['no such service', ['no-such'], 4, /there is no service/],
    ['no instances', ['idle'], 4, /app\.test\.idle\.test has no instances/],
    ['a number that is none', ['web', 'x'], 2, /whole number/],
    ['a tail that is none', ['web', '--tail', '10001'], 2, /10000/],
    ['an instance without a worker', ['web', '5'], 5, /it is REQUESTED/],
  ];
  for (const [name, args, code, message] of cases) {
    test(`${name}: ${code}`, async () => {
      const result = await hedge('logs', ...args);
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
    });
  }

  test('a stream that ended before the output: 1, and why', async () => {
    outputs.set('0', lines('one', '… ended: the root stops or leads no more; ask again'));
    assert.deepEqual(await hedge('logs', 'web/0', '-f'), {
      code: 1,
      out: 'one\n',
      err: 'hedge: the root stops or leads no more; ask again\n',
    });
  });

  test('a connection that is lost: 6', async () => {
    outputs.set('0', response => {
      response.write('one\n');
      setImmediate(() => response.destroy());
    });
    const { code, out, err } = await hedge('logs', 'web/0', '-f');
    assert.deepEqual([code, out], [6, 'one\n']);
    assert.match(err, /does not answer/);
  });

  test('one of several cannot be read: the others are printed, and it is said', async () => {
    outputs.delete('0');
    const { code, out, err } = await hedge('logs', 'web');
    assert.deepEqual([code, out], [5, 'app.test.web.test/10 | three\n']);
    assert.match(err, /app\.test\.web\.test\/0 {2}\| it is REQUESTED\n.*1 of 2 instances/);
  });
});

describe('a process that follows', () => {
  let closed: Promise<unknown>;
  beforeEach(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    closed = promise;
    outputs.set('0', response => {
      response.once('close', resolve);
      response.write('one\n');
      const timer = setInterval(() => response.write('more\n'), 20);
      response.once('close', () => clearInterval(timer));
    });
  });
  const start = () =>
    spawn(process.execPath, [main, 'logs', 'web/0', '-f'], {
      env: { ...process.env, HOME: home, HEDGE_URL: url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  test('ends with Ctrl-C, and the root hears of it', async () => {
    const child = start();
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.deepEqual([code, signal], [null, 'SIGINT']);
    await closed;
  });

  test('ends when nobody reads it', async () => {
    const child = start();
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 0);
    await closed;
  });
});
