import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { withoutServer } from '../../test/mongodb-server/server.mjs';
import { startMongodbFor } from './mongodb.mjs';

const WANTS = 'common/src/store/mongodb.test.ts';
const written = () => {
  const lines = [];
  return { lines, write: line => lines.push(line) };
};

test('no server is started for tests that want none, or when one was given', async () => {
  const env = { PATH: '' };
  await (await startMongodbFor(['common/src/clock.test.ts'], env))();
  assert.deepEqual(env, { PATH: '' });
  const given = { PATH: '', MONGODB_TEST_URL: 'mongodb://h' };
  await (await startMongodbFor([WANTS], given))();
  assert.equal(given.MONGODB_TEST_URL, 'mongodb://h');
});

test('without Java it is said once; in continuous integration it is an error', async () => {
  const out = written();
  await (await startMongodbFor([WANTS], { PATH: '' }, out))();
  assert.equal(out.lines.length, 1);
  assert.match(out.lines[0], /MongoDB.*skipped.*java/i);
  await assert.rejects(startMongodbFor([WANTS], { PATH: '', CI: 'true' }, out), /may not be skipped/);
});

test('one server for the run', { skip: withoutServer() }, async () => {
  const env = { PATH: process.env.PATH };
  const stop = await startMongodbFor([WANTS], env);
  const { port } = new URL(env.MONGODB_TEST_URL);
  await reach(port);
  await stop();
  await assert.rejects(reach(port), { code: 'ECONNREFUSED' });
});

function reach(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', reject).on('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
