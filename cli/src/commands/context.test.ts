import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { memorySessions } from '../api/session.ts';
import { clientOf, newClientOf } from './context.ts';

function contextOf(env: NodeJS.ProcessEnv) {
  const sessions = memorySessions();
  sessions.save({ url: 'http://old:1', username: 'Admin', token: 'a', refresh_token: 'b' });
  const io = { env, out: () => {}, err: () => {}, read: async () => '', ask: async () => null };
  return { io, sessions };
}

const given = () => {
  const command = new Command('x').option('--url <url>');
  command.setOptionValue('url', 'http://given:2');
  return command;
};

test('a login goes to --url, HEDGE_URL or the default, never to where an old one was', () => {
  const plain = contextOf({});
  const variable = contextOf({ HEDGE_URL: 'http://variable:3' });
  assert.equal(newClientOf(plain, new Command('x')).url, 'http://127.0.0.1:10000');
  assert.equal(newClientOf(variable, new Command('x')).url, 'http://variable:3');
  assert.equal(newClientOf(variable, given()).url, 'http://given:2');
  assert.equal(clientOf(plain, new Command('x')).url, 'http://old:1');
  assert.equal(clientOf(variable, new Command('x')).url, 'http://variable:3');
  assert.equal(clientOf(plain, given()).url, 'http://given:2');
});
