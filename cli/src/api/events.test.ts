import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { closeServer, HedgerowError, listen } from '@hedgerow/common';
import type { ApiService } from '@hedgerow/protos';
import { Client } from './client.ts';
import type { FeedItem } from './events.ts';
import { untilUpdated } from './rollouts.ts';
import { memorySessions } from './session.ts';

/** What the next connections are answered with: status, or events and whether the connection is cut then. */
const script: (number | { text: string; cut: boolean })[] = [];
const asked: string[] = [];
const rollouts: object[] = [];

const server = createServer((request, response) => {
  if (request.url?.startsWith('/api/service/')) {
    const rollout = rollouts.length > 1 ? rollouts.shift() : rollouts[0];
    return void response.end(
      JSON.stringify({ microserviceID: 's', job_name: 'a.b.c.d', generation: 3, rollout }),
    );
  }
  asked.push(String(request.headers['last-event-id']));
  const next = script.shift() ?? 500;
  if (typeof next === 'number') return void refuse(response, next);
  response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(next.text);
  if (next.cut) setImmediate(() => response.destroy());
});

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ code: status, error: 'SAID_NO', status: '', message: 'no' }));
}

let client: Client;

before(async () => {
  const { port } = (await listen(server, { host: '127.0.0.1', port: 0 })) as { port: number };
  const url = `http://127.0.0.1:${port}`;
  const sessions = memorySessions();
  sessions.save({ url, username: 'ada', token: 't', refresh_token: 'r' });
  client = new Client(url, sessions);
});
after(async () => {
  server.closeAllConnections();
  await closeServer(server);
});

const event = (id: string, fields: object = {}) =>
  `id: ${id}\nevent: instance\ndata: ${JSON.stringify({ kind: 'instance', status: id, ...fields })}\n\n`;

async function take(count: number): Promise<string[]> {
  const stop = new AbortController();
  const words: string[] = [];
  for await (const item of client.events({}, stop.signal)) {
    words.push(wordOf(item));
    if (words.length === count) break;
  }
  stop.abort();
  return words;
}

function wordOf(item: FeedItem): string {
  return item.type === 'event' ? item.event.status : item.type;
}

describe('a feed that is cut off', () => {
  test('is opened again behind the last event, also when the root is away for a while', async () => {
    asked.length = 0;
    script.push({ text: `id: b-0\n\n${event('b-1')}${event('b-2')}`, cut: true }, 503);
    script.push({ text: `${event('b-3')}id: b-4\nevent: reset\ndata: {}\n\n`, cut: false });
    assert.deepEqual(await take(5), ['open', 'b-1', 'b-2', 'b-3', 'reset']);
    assert.deepEqual(asked, ['', 'b-2', 'b-2']);
  });

  test('is not opened again when it is refused, or was not there at all', async () => {
    script.push({ text: event('b-1'), cut: true }, 403);
    await assert.rejects(take(5), (error: HedgerowError) => error.code === 'SAID_NO');
    script.push(404);
    await assert.rejects(take(1), (error: HedgerowError) => error.code === 'SAID_NO');
    const nobody = memorySessions();
    nobody.save({ url: 'http://127.0.0.1:9', username: '', token: '', refresh_token: '' });
    const feed = new Client('http://127.0.0.1:9', nobody).events({}, new AbortController().signal);
    await assert.rejects(feed.next(), (error: HedgerowError) => error.code === 'UNREACHABLE');
  });

  test('ends when the one who listens says so', async () => {
    script.push({ text: event('b-1'), cut: false });
    const stop = new AbortController();
    const words: string[] = [];
    for await (const item of client.events({}, stop.signal)) {
      words.push(wordOf(item));
      if (words.length === 2) stop.abort();
    }
    assert.deepEqual(words, ['open', 'b-1']);
  });
});

describe('an update', () => {
  const rolling = { state: 'rolling', detail: '0 of 1', to_generation: 2 };
  const begun = { microserviceID: 's', generation: 2 } as ApiService;
  const feed = `id: b-0\n\n${event('b-1', { instance_number: 1 })}${event('b-1', { instance_number: 0, change: 'removed' })}${event('b-2', { kind: 'rollout' })}`;

  async function follow(...states: object[]): Promise<string[]> {
    rollouts.splice(0, rollouts.length, ...states);
    script.push({ text: feed, cut: false });
    const told: string[] = [];
    await untilUpdated(client, begun, {
      timeoutMs: 5000,
      onChange: instance => told.push(instance.status),
      onProgress: (state, detail) => told.push(`${state}: ${detail}`),
    });
    return told;
  }

  test('is followed to its end', async () => {
    const told = await follow(rolling, { ...rolling, state: 'done', detail: 'all' });
    assert.deepEqual(told, ['rolling: 0 of 1', 'b-1', 'removed', 'done: all']);
  });

  for (const state of ['undone', 'failed']) {
    test(`that is ${state} is an error with its reason`, async () => {
      const end = { state, detail: 'exit code 1', to_generation: 3 };
      await assert.rejects(follow(rolling, end), (error: HedgerowError) => {
        assert.deepEqual([error.code, error instanceof HedgerowError], ['UPDATE_UNDONE', true]);
        assert.match(error.message, /a\.b\.c\.d .*: exit code 1/);
        return true;
      });
    });
  }
});
