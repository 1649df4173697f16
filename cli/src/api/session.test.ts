import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileSessions, sessionFile } from './session.ts';

const SESSION = { url: 'http://127.0.0.1:1', username: 'Admin', token: 'a', refresh_token: 'b' };
let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hedge-session-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('a session is for its user alone, also where a file was before', () => {
  const file = sessionFile({ HOME: home });
  assert.equal(file, join(home, '.config/hedgerow/session.json'));
  const sessions = fileSessions(file);
  assert.equal(sessions.load(), null);
  sessions.save(SESSION);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, '{}', { mode: 0o644 });
  sessions.save(SESSION);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(sessions.load(), SESSION);
  sessions.clear();
  assert.equal(sessions.load(), null);
});

test('a broken session says how to mend it', () => {
  const file = join(home, 'session.json');
  writeFileSync(file, '{');
  assert.throws(() => fileSessions(file).load(), /hedge login/);
});
