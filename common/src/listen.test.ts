import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isErrorOf } from './errors.ts';
import { closeServer, formatAddress, isLoopback, LISTEN_ERRORS, listen, parseAddress } from './listen.ts';

const directory = mkdtempSync(join(tmpdir(), 'hedgerow-listen-'));
after(() => rmSync(directory, { recursive: true }));

test('addresses are read and written', () => {
  for (const text of ['127.0.0.1:80', 'example.org:10000', '[::1]:443', 'unix:/run/root.sock'])
    assert.equal(formatAddress(parseAddress(text, 1)), text);
  assert.deepEqual(parseAddress('example.org', 10000), { host: 'example.org', port: 10000 });
  assert.deepEqual(parseAddress('[::1]', 10000), { host: '::1', port: 10000 });
});

test('what is not an address is named', () => {
  for (const text of [
    '',
    ':80',
    'unix:',
    '::1',
    'host:',
    'host:http',
    'host:65536',
    'host:-1',
    'a b',
    'a b:1',
  ])
    assert.throws(() => parseAddress(text, 1), { name: 'TypeError', message: `not an address: "${text}"` });
});

test('loopback is an address, not a way of spelling', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    assert.equal(isLoopback(host), true, host);
  for (const host of [
    '0.0.0.0',
    '::',
    '',
    '127.example.org',
    '127.0.0.1.example.org',
    '10.0.0.1',
    '::ffff:10.0.0.1',
  ])
    assert.equal(isLoopback(host), false, host);
});

test('port 0 becomes a port', async t => {
  const server = closing(t, createServer());
  const address = await listen(server, { host: '127.0.0.1', port: 0 });
  assert.ok('port' in address && address.port > 0 && address.host === '127.0.0.1');
});

test('a port in use is told of, with the address', async t => {
  const address = await listen(closing(t, createServer()), { host: '127.0.0.1', port: 0 });
  const second = listen(closing(t, createServer()), address);
  await assert.rejects(second, error => {
    assert.ok(isErrorOf(error, LISTEN_ERRORS.ADDRESS_IN_USE));
    assert.ok(error.message.includes(formatAddress(address)));
    return true;
  });
});

test('an address that is not here cannot be listened on', async t => {
  const elsewhere = listen(closing(t, createServer()), { host: '192.0.2.1', port: 0 });
  await assert.rejects(elsewhere, error => isErrorOf(error, LISTEN_ERRORS.LISTEN_FAILED));
});

test('a unix socket is for this user alone', async t => {
  const path = join(directory, 'mode.sock');
  assert.deepEqual(await listen(closing(t, createServer()), { path }), { path });
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('the socket of a killed process is replaced', async t => {
  const path = join(directory, 'dead.sock');
  await socketOfKilledProcess(path);
  assert.ok(statSync(path).isSocket());
  await listen(closing(t, createServer()), { path });
});

test('the socket of a living process is not', async t => {
  const path = join(directory, 'live.sock');
  const first = closing(t, createServer());
  await listen(first, { path });
  const second = listen(closing(t, createServer()), { path });
  await assert.rejects(second, error => isErrorOf(error, LISTEN_ERRORS.ADDRESS_IN_USE));
  assert.ok(statSync(path).isSocket());
});

test('a file that is no socket is never removed', async t => {
  const path = join(directory, 'notes.txt');
  writeFileSync(path, 'keep me');
  const server = listen(closing(t, createServer()), { path });
  await assert.rejects(server, error => isErrorOf(error, LISTEN_ERRORS.ADDRESS_IN_USE));
  assert.equal(readFileSync(path, 'utf8'), 'keep me');
});

test('closing twice, or before listening, is no error', async () => {
  const server = createServer();
  await closeServer(server);
  await listen(server, { host: '127.0.0.1', port: 0 });
  await closeServer(server);
  await closeServer(server);
});

function closing(t: { after(callback: () => Promise<void>): void }, server: Server): Server {
  t.after(() => closeServer(server));
  return server;
}

async function socketOfKilledProcess(path: string): Promise<void> {
  const program = 'require("net").createServer().listen(process.argv[1], () => console.log("ready"))';
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}
