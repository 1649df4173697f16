import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { faultyStore } from '../testing/faulty-store.ts';
import type { Answer, TestRoot } from '../testing/root.ts';
import { startTestRoot } from '../testing/root.ts';
import { sla } from '../testing/slas.ts';

let root: TestRoot;
let token: string;

before(async () => {
  root = await startTestRoot();
  token = await root.login();
});
after(() => root.stop());

function assertError(answer: Answer, code: number, error: string): void {
  assert.equal(answer.status, code, JSON.stringify(answer.body));
  assert.equal(answer.body.code, code);
  assert.equal(answer.body.error, error);
  assert.equal(typeof answer.body.status, 'string');
  assert.equal(typeof answer.body.message, 'string');
  assert.notEqual(answer.body.message, '');
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.doesNotMatch(JSON.stringify(answer.body), /\.ts:|node_modules|\n +at /);
}

const post = (body?: unknown) => root.call('POST', '/api/application', body, token);

describe('a body that cannot be read', () => {
  test('missing', async () => {
    assertError(await post(), 400, 'BODY_MISSING');
    assertError(await post('  \n '), 400, 'BODY_MISSING');
  });

  const MALFORMED: [text: string, position: number, line: number, column: number][] = [
    ['{"a": 1,}', 8, 1, 9],
    ['{"a" 1}', 5, 1, 6],
    ['{\n  "a": tru}', 12, 2, 11],
    ['[1, 2', 5, 1, 6],
    ['{"a":"x', 7, 1, 8],
    ['hello', 0, 1, 1],
    [`{"long": "${'x'.repeat(90)}", "b": nope}`, 109, 1, 110],
    ['{"a": 1} x', 9, 1, 10],
    ['\u00e4', 0, 1, 1],
  ];
  for (const [text, position, line, column] of MALFORMED) {
    test(`malformed at ${position}: ${text.slice(0, 20)}`, async () => {
      const answer = await post(text);
      assertError(answer, 400, 'BODY_NOT_JSON');
      const place = `at position ${position} (line ${line} column ${column})`;
      assert.ok(answer.body.message.endsWith(place), answer.body.message);
    });
  }

  test('too large', async () => {
    assertError(await post(`"${'x'.repeat(3 * 1024 * 1024)}"`), 413, 'BODY_TOO_LARGE');
  });

  test('too deep, too many values', async () => {
    assertError(await post(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 413, 'BODY_TOO_LARGE');
    assertError(await post(`[${'0,'.repeat(300_000)}0]`), 413, 'BODY_TOO_LARGE');
  });

  test('so wrong that not every fault is listed', async () => {
    const answer = await post({ ...sla('a'), applications: Array.from({ length: 5000 }, () => 0) });
    assertError(answer, 422, 'SLA_INVALID');
    assert.equal(answer.body.errors.length, 200);
    assert.match(answer.body.message, /and 4999 more/);
  });

  test('in an unknown encoding', async () => {
    const response = await fetch(`${root.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Encoding': 'zebra' },
      body: '{}',
    });
    assert.equal(response.status, 415);
    assert.equal(((await response.json()) as { error: string }).error, 'BODY_UNSUPPORTED');
  });

  test('a list, a number, null: of another shape', async () => {
    for (const body of ['[]', '5', 'null', '"text"']) {
      const answer = await post(body);
      assertError(answer, 422, 'SLA_INVALID');
      assert.equal(answer.body.errors[0].path, '');
      assert.equal(answer.body.errors[0].allowed, 'an object');
    }
  });

  test('is not looked at before the token', async () => {
    assertError(await root.call('POST', '/api/application', '{'), 401, 'TOKEN_MISSING');
  });
});

describe('paths', () => {
  test('an unknown path', async () => {
    for (const path of ['/', '/api', '/api/nothing', '/api/application/a/b', '/%2e%2e/etc/passwd']) {
      assertError(await root.call('GET', path), 404, 'PATH_UNKNOWN');
    }
  });

  test('a path that cannot be decoded', async () => {
    assertError(await root.call('GET', '/api/service/%zz', undefined, token), 400, 'REQUEST_INVALID');
  });

  test('another method', async () => {
    const answer = await root.call('PATCH', '/api/application/', {}, token);
    assertError(answer, 405, 'METHOD_NOT_ALLOWED');
    assert.equal(answer.headers.get('allow'), 'POST');
  });

  test('with and without a slash at the end, never a redirect', async () => {
    for (const path of [
      '/api/applications',
      '/api/services',
      '/api/clusters',
      '/api/clusters/active',
      '/healthz',
    ]) {
      for (const end of ['', '/']) {
        const answer = await root.call('GET', path + end, undefined, token);
        assert.equal(answer.status, 200, path + end);
        assert.notEqual(JSON.stringify(answer.body), '""');
      }
    }
  });
});

describe('CORS', () => {
  test('a preflight is answered on every path, known or not, with or without slash', async () => {
    for (const path of ['/api/application', '/api/application/', '/api/auth/login', '/api/nothing']) {
      const response = await fetch(root.url + path, {
        method: 'OPTIONS',
        redirect: 'error',
        headers: {
          Origin: 'http://dashboard.example',
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization,content-type',
        },
      });
      assert.ok(response.ok);
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      assert.equal(response.headers.get('access-control-allow-headers'), 'authorization,content-type');
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        assert.ok(response.headers.get('access-control-allow-methods')?.includes(method));
      }
    }
  });
});

test('what fails inside is told without its cause, and logged with it', async () => {
  const lines: object[] = [];
  const log = { ...silentLogger, error: (fields: object) => void lines.push(fields), child: () => log };
  const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  const failing = await startTestRoot({ store, log });
  const admin = await failing.login();
  store.arm({ at: 1, until: 'once', when: 'before' });
  const answer = await failing.call('POST', '/api/application', sla('shop'), admin);
  assertError(answer, 503, 'STORE_FAILED');
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.doesNotMatch(JSON.stringify(answer.body), /on purpose/);
  assert.match(JSON.stringify(lines), /broken on purpose/);
  await failing.stop();
  await store.close();
});
