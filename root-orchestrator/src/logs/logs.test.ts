/** The output of instances over HTTP, from a whole root; its cluster is played by hand. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Running, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { LogChunk, LogRequest, Place } from '@hedgerow/protos';
import { startRoot } from '../app.ts';
import { type LinkClient, linkClient, report } from '../clusters/testing/link-client.ts';
import type { RootConfig } from '../config.ts';
import { microservice, sla } from '../testing/slas.ts';

let data: string;
let clock: ManualClock;
let root: Running & { url: string };
let cluster: LinkClient;
let token: string;
let service: string;
let place: Place;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-root-logs-'));
  clock = manualClock(Date.now());
  const config = { host: '127.0.0.1', port: 0, socket: '', data, mongodb: '', address: '', leaseSeconds: 10 };
  const rest = { clusterTokenFile: '', adminPassword: '', assets: '', accessTokenSeconds: 86_000 };
  root = await startRoot({ ...config, ...rest } as RootConfig, { clock, log: silentLogger });
  token = await login('Admin', 'Admin');
  const made = await api('POST', '/api/application', sla('shop', microservice('web')));
  service = made.body[0].microservices[0];
  cluster = await dial('site1');
  await api('POST', `/api/service/${service}/instance`);
  place = await cluster.next('place');
});
afterEach(async () => {
  cluster.close();
  await root.stop();
  await rm(data, { recursive: true });
});

async function dial(name: string): Promise<LinkClient> {
  const secret = (await readFile(join(data, 'cluster-token'), 'utf8')).trim();
  const client = linkClient(root.url.replace('http://', ''), name, secret);
  await client.hello();
  client.aggregate();
  await client.settled();
  return client;
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
async function api(method: string, path: string, body?: unknown, as = token): Promise<any> {
  const response = await fetch(root.url + path, {
    method,
    headers: { Authorization: `Bearer ${as}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function login(username: string, password: string): Promise<string> {
  const response = await fetch(`${root.url}/api/auth/login`, {
    method: 'POST',
    body: JSON.stringify({ username, password }),
  });
  return ((await response.json()) as { token: string }).token;
}

async function run(): Promise<void> {
  cluster.accept(place);
  cluster.report(report(place));
  await cluster.settled();
}

/** An answer that is read as it comes. */
class Answer {
  text = '';
  ended = false;
  readonly #response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8').on('data', chunk => {
      this.text += chunk;
    });
    response.once('close', () => {
      this.ended = true;
    });
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers() {
    return this.#response.headers;
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  leave(): void {
    this.#response.destroy();
  }

  async until(what: string, wanted: (answer: this) => boolean, limit = 5000): Promise<this> {
    const deadline = performance.now() + limit;
    while (!wanted(this)) {
      assert.ok(performance.now() < deadline, `${what}: ${this.status} ${this.text.slice(-500)}`);
      await new Promise(resolve => setImmediate(resolve));
    }
    return this;
  }
}

function read(query = '', as = token, number: number | string = 0): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${as}`, 'X-Request-Id': 'mine' };
    const path = `/api/service/${service}/instance/${number}/logs${query}`;
    request(root.url + path, { headers, agent: false }, response => resolve(new Answer(response)))
      .once('error', reject)
      .end();
  });
}

/** A reader whose request the cluster has got and whose stream is open. */
async function reading(query = '?follow'): Promise<{ answer: Answer; asked: LogRequest }> {
  const answer = read(query);
  const asked = await cluster.next('log_request');
  say(asked, {});
  return { answer: await answer, asked };
}

function say({ stream_id }: LogRequest, chunk: Partial<LogChunk>): void {
  cluster.send({ log_chunk: { stream_id, lines: [], lost: 0, end: false, error: '', ...chunk } });
}

describe('an output', () => {
  beforeEach(run);

  test('is asked of the cluster that has the instance, and comes as plain lines', async () => {
    const { answer, asked } = await reading('?tail=7');
    const { service_id, instance_number, follow, tail, request_id, again } = asked;
    assert.deepEqual(
      [service_id, instance_number, follow, tail, request_id, again],
      [service, 0, false, 7, 'mine', false],
    );
    say(asked, { lines: ['one', 'zwei: ü'] });
    say(asked, { lines: ['three'], lost: 12, end: true });
    await answer.until('the end', ({ ended }) => ended);
    assert.deepEqual([answer.status, answer.text], [200, 'one\nzwei: ü\n… 12 lines lost\nthree\n']);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers['x-request-id'], 'mine');
  });

  test('that is followed is open before anything was printed; defaults: 100 lines, not followed', async () => {
    const { answer, asked } = await reading();
    assert.deepEqual([answer.status, answer.ended, asked.follow, asked.tail], [200, false, true, 100]);
    answer.leave();
    assert.equal((await cluster.next('log_stop')).stream_id, asked.stream_id);
    const plain = read();
    const other = await cluster.next('log_request');
    assert.deepEqual([other.follow, other.tail], [false, 100]);
    say(other, { end: true });
    assert.equal((await plain).status, 200);
  });

  test('has several readers', async () => {
    const [one, two] = [await reading(), await reading()];
    say(one.asked, { lines: ['for one'] });
    say(two.asked, { lines: ['for two'] });
    await one.answer.until('its line', ({ lines }) => lines.length === 1);
    await two.answer.until('its line', ({ lines }) => lines.length === 1);
    assert.deepEqual([one.answer.text, two.answer.text], ['for one\n', 'for two\n']);
  });

  test('is asked for again and again while somebody reads, so that a lost stop costs nothing', async () => {
    const { asked } = await reading();
    clock.advance(10_000);
    assert.deepEqual(await cluster.next('log_request'), { ...asked, again: true });
    clock.advance(10_000);
    assert.deepEqual(await cluster.next('log_request'), { ...asked, again: true });
  });

  test('is asked for again when nobody has answered; after 10 s that is the answer', async () => {
    const answer = read('?follow');
    const asked = await cluster.next('log_request');
    for (let n = 0; n < 4; n++) {
      clock.advance(2000);
      assert.deepEqual(await cluster.next('log_request'), asked);
    }
    clock.advance(2000);
    const { status, headers, text } = await (await answer).until('the end', ({ ended }) => ended);
    assert.equal(status, 503);
    assert.ok(Number(headers['retry-after']) > 0);
    assert.match(text, /OUTPUT_UNAVAILABLE.*the worker has not answered in 10 s/);
  });

  test('that the worker refuses is an error with its reason', async () => {
    const answer = read();
    say(await cluster.next('log_request'), { end: true, error: 'Docker: no such thing' });
    const { status, text } = await (await answer).until('the end', ({ ended }) => ended);
    assert.deepEqual([status, JSON.parse(text).message], [503, 'Docker: no such thing']);
  });

  test('of another cluster is not heard', async () => {
    const other = await dial('site2');
    const { answer, asked } = await reading();
    const forged = { stream_id: asked.stream_id, lines: ['forged'], lost: 0, end: true, error: '' };
    other.send({ log_chunk: forged });
    await other.settled();
    say(asked, { lines: ['true'] });
    await answer.until('a line', ({ lines }) => lines.length > 0);
    assert.equal(answer.text, 'true\n');
    other.close();
  });

  test('ends with a line that says why when its cluster is lost', async () => {
    const { answer } = await reading();
    cluster.close();
    await answer.until('the end', ({ ended }) => ended);
    assert.deepEqual(answer.lines, ['… ended: cluster site1 is out of reach']);
  });

  test('ends with a line that says why when the root stops', async () => {
    const { answer, asked } = await reading();
    say(asked, { lines: ['before'] });
    await answer.until('a line', ({ lines }) => lines.length > 0);
    const stopped = root.stop();
    await answer.until('the end', ({ ended }) => ended);
    assert.deepEqual(answer.lines, ['before', '… ended: the root stops or leads no more; ask again']);
    await stopped;
  });

  test('is not read by HEAD', async () => {
    const response = await fetch(`${root.url}/api/service/${service}/instance/0/logs?follow`, {
      method: 'HEAD',
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200);
    await cluster.next('log_stop');
  });
});

describe('a reader who does not read', () => {
  beforeEach(run);

  test('makes lines lost, not memory; when he reads again he is told how many', async () => {
    const { answer, asked } = await reading();
    answer.pause();
    const lines = Array.from({ length: 100 }, () => 'x'.repeat(150));
    const sent = 6000;
    for (let n = 0; n < sent; n++) {
      say(asked, { lines });
      if (n % 50 === 0) await cluster.settled();
    }
    await cluster.settled();
    answer.resume();
    await answer.until('the count', ({ text }) => text.endsWith(' lines lost\n'), 30_000);
    say(asked, { lines: ['last'], end: true });
    await answer.until('the end', ({ ended }) => ended, 30_000);
    const lost = answer.lines.flatMap(line => /^… (\d+) lines lost$/.exec(line)?.[1] ?? []).map(Number);
    const got = answer.lines.filter(line => line.startsWith('xxx')).length;
    assert.equal(got + lost.reduce((sum, n) => sum + n, 0), sent * lines.length);
    assert.equal(answer.lines.at(-1), 'last');
    // what the sockets of the machine keep, and a quarter of a megabyte
    assert.ok(lost.length > 0 && got * 151 < 48_000_000, `${got} lines came`);
  });

  test('is cut off after a minute', async () => {
    const { answer, asked } = await reading();
    answer.pause();
    const lines = Array.from({ length: 100 }, () => 'x'.repeat(150));
    for (let n = 0; n < 1000; n++) say(asked, { lines });
    await cluster.settled();
    clock.advance(60_000);
    await cluster.next('log_stop');
  });
});

describe('what is refused', () => {
  test('an instance without a worker: 409 with its status', async () => {
    const { status, text } = await (await read()).until('the end', ({ ended }) => ended);
    const { error, message } = JSON.parse(text);
    assert.deepEqual([status, error], [409, 'INSTANCE_NOT_PLACED']);
    assert.match(
      message,
      /web.*\/0 has no worker, so no output; it is CLUSTER_SCHEDULED: cluster site1 was asked/,
    );
  });

  test('a cluster out of reach: 503 that says when to try again', async () => {
    await run();
    cluster.close();
    await cluster.ended;
    await (async () => {
      for (;;) {
        const answer = await (await read()).until('the end', ({ ended }) => ended);
        if (answer.status === 503 && /CLUSTER_UNREACHABLE/.test(answer.text)) {
          assert.equal(answer.headers['retry-after'], '5');
          return;
        }
      }
    })();
  });

  test('what is not there, what is somebody else’s, and numbers that are none: 404', async () => {
    await run();
    for (const number of [1, -1, 'x', '0%2F0']) {
      const { status, text } = await (await read('', token, number)).until('the end', ({ ended }) => ended);
      assert.deepEqual([status, JSON.parse(text).error], [404, 'INSTANCE_UNKNOWN'], String(number));
    }
    const password = 'a long password of eve';
    await api('POST', '/api/auth/register', { name: 'eve', password, roles: ['Application_Provider'] });
    const eve = await login('eve', password);
    const { status, text } = await (await read('', eve)).until('the end', ({ ended }) => ended);
    assert.deepEqual([status, JSON.parse(text).error], [404, 'SERVICE_UNKNOWN']);
    assert.equal((await read('', 'no token')).status, 401);
    assert.equal(cluster.heard('log_request').length, 0);
  });

  test('tails that are none: 422', async () => {
    await run();
    for (const query of ['?tail=-1', '?tail=x', '?tail=1.5', '?tail=10001', '?follow=maybe']) {
      assert.equal((await read(query)).status, 422, query);
    }
  });

  test('more outputs than a user may read: 429; one that ends makes room', async () => {
    await run();
    const readers = [];
    for (let n = 0; n < 16; n++) readers.push(await reading());
    const { status, headers, text } = await (await read('?follow')).until('the end', ({ ended }) => ended);
    assert.deepEqual([status, headers['retry-after']], [429, '5']);
    assert.match(text, /16 outputs of this user are being read already/);
    readers[0]?.answer.leave();
    await cluster.next('log_stop');
    const { answer } = await reading();
    assert.equal(answer.status, 200);
  });
});
