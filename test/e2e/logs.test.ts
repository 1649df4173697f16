/** `GET …/logs` from a real container through worker, cluster and root, while each of them comes and goes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import { linesOf } from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { call, login } from '../support/http.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, scale } from '../support/stories.ts';

/** Ends with code 3 when it is told to. */
const TICK =
  'echo begin; n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.1; [ -e /tmp/end ] && exit 3; done';
/** Prints for ever, about a megabyte per second, more than sockets keep in the time of the test. */
const ENDLESS =
  'while :; do n=0; while [ $n -lt 300 ]; do n=$((n+1)); echo "a line of some length that says nothing, but at length"; done; sleep 0.01; done';
const FLOOD = 'n=0; while [ $n -lt 100000 ]; do n=$((n+1)); echo "a line of some length, number $n"; done';

describe('the output of an instance', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let services: Map<string, ApiService>;
  let readers: Reader[] = [];

  before(async () => {
    // a second without an answer to a probe, after 3.5 s without a beat, is a death
    fleet = await startFleet({ workers: 1, flags: { cluster: ['--worker-dead-after', '4500'] } });
    services = await register(
      fleet,
      descriptor('logs', [
        microservice('tick', { cmd: ['sh', '-c', TICK] }),
        microservice('flood', { cmd: ['sh', '-c', `${FLOOD}; echo done; tail -f /dev/null`] }),
        microservice('endless', { cmd: ['sh', '-c', ENDLESS] }),
        microservice('words', { cmd: ['sh', '-c', 'echo one; echo two; echo three; tail -f /dev/null'] }),
      ]),
    );
  });
  after(() => fleet?.stop());
  afterEach(() => {
    for (const reader of readers) reader.leave();
    readers = [];
  });

  const service = (name: string) => services.get(name) as ApiService;
  const run = (name: string) => scale(fleet, service(name), 1);
  const remove = (name: string) => fleet.client.removeInstance(service(name).microserviceID, -1);
  const read = async (name: string, query: string): Promise<Reader> => {
    const now = await fleet.client.service(service(name).microserviceID);
    const number = now.instance_list[0]?.instance_number ?? 0;
    const path = `/api/service/${now.microserviceID}/instance/${number}/logs?${query}`;
    const reader = new Reader((signal: AbortSignal) => fleet.client.stream(path, {}, signal));
    readers.push(reader);
    await reader.open();
    return reader;
  };

  it('is its last lines', async () => {
    await run('words');
    const all = await eventually(
      'all lines',
      async () => (await (await read('words', 'tail=10')).end()).lines,
      lines => lines.length === 3,
    );
    assert.deepEqual(all, ['one', 'two', 'three']);
    assert.deepEqual((await (await read('words', 'tail=2')).end()).lines, ['two', 'three']);
    await remove('words');
  });

  it('comes while it is printed, goes on after a restart, and ends when the instance is removed', async () => {
    const running = await run('tick');
    const reader = await read('tick', 'follow&tail=0');
    await reader.until('lines', ({ lines }) => lines.length >= 4);
    // the reader may be there before the program's first line, or after it
    const numbers = reader.lines.filter(line => line !== 'begin').map(line => Number(line.split(' ')[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, n) => (numbers[0] ?? 0) + n),
    );
    const [instance] = running.instance_list;
    await fleet.execIn(running, instance as ApiInstance, 'touch', '/tmp/end');
    await reader.until(
      'the next container',
      ({ lines }) => lines.lastIndexOf('tick 3') > lines.indexOf('begin'),
    );
    await remove('tick');
    await reader.end();
    assert.deepEqual(
      reader.lines.filter(line => line.startsWith('… ')),
      [],
    );
    assert.equal(reader.failure, null);
  });

  it('goes on when the cluster’s worker process is started again', async () => {
    await run('tick');
    const reader = await read('tick', 'follow&tail=0');
    await reader.until('lines', ({ lines }) => lines.length >= 3);
    await fleet.stopWorker('worker1', 0);
    await fleet.startWorker('worker1');
    const notice = '… the stream was interrupted; lines may be missing';
    await reader.until('a notice and more lines', ({ lines }) => {
      const at = lines.indexOf(notice);
      return at >= 0 && lines.length > at + 3;
    });
    await remove('tick');
    await reader.end();
  });

  it('ends with a line that says why when the root is stopped; the root is back and it can be read again', async () => {
    await run('tick');
    const reader = await read('tick', 'follow');
    await reader.until('lines', ({ lines }) => lines.length >= 3);
    await fleet.stopRoot();
    await reader.end();
    assert.equal(reader.lines.at(-1), '… ended: the root stops or leads no more; ask again');
    await fleet.startRoot();
    await eventually(
      'the cluster is back',
      async () => (await (await read('tick', 'tail=1')).end()).lines,
      lines => lines.length === 1,
    );
    await remove('tick');
  });

  it('of a hundred thousand lines at once comes whole, and the worker does not die of it', async () => {
    await run('flood');
    const reader = await read('flood', 'follow&tail=10000');
    await reader.until('the last line', ({ lines }) => lines.at(-1) === 'done', 60_000);
    const lost = reader.lines.flatMap(line => /^… (\d+) lines? lost$/.exec(line)?.[1] ?? []);
    const printed = reader.lines.filter(line => line.startsWith('a line of'));
    const count = printed.length + lost.reduce((sum, n) => sum + Number(n), 0);
    const first = Number(printed[0]?.split(' ').at(-1));
    assert.equal(count, 100_000 - first + 1, 'every line from the first one on came or was counted');
    assert.doesNotMatch(readFileSync(fleet.cluster.child.log, 'utf8'), /worker is dead/);
    await remove('flood');
  });

  it('that a reader does not take is lost for him alone, and grows nobody’s memory', async () => {
    await run('tick');
    await run('endless');
    const hanging = await read('endless', 'follow&tail=10');
    await hanging.until('lines', ({ lines }) => lines.length > 10);
    hanging.pause();
    const before = resident();
    const other = await read('tick', 'follow&tail=0');
    await other.until('lines for fifteen seconds', ({ lines }) => lines.length >= 140, 40_000);
    const grown = resident().map((after, at) => Math.round(after - (before[at] ?? 0)));
    assert.ok(Math.max(...grown) < 60, `MiB more: ${grown.join(', ')}`);
    hanging.resume();
    await hanging.until('the count', ({ lines }) => lines.some(line => /^… \d+ lines lost$/.test(line)));
    assert.ok(!other.lines.some(line => line.startsWith('… ')));
    await remove('endless');
    await remove('tick');
    await Promise.all([hanging.end(), other.end()]);
  });

  it('is refused as 409 before there is a worker, and as 503 while the cluster is away', async () => {
    await run('words');
    const token = await login(fleet.root.url);
    const id = service('words').microserviceID;
    const [instance] = (await fleet.client.service(id)).instance_list;
    const url = `${fleet.root.url}/api/service/${id}/instance/${instance?.instance_number}/logs`;
    await fleet.stopCluster();
    const away = await eventually(
      'the root has noticed',
      () => call<{ error: string }>(url, 'GET', { token }),
      ({ status }) => status === 503,
    );
    assert.equal(away.body.error, 'CLUSTER_UNREACHABLE');
    assert.ok(Number(away.headers.get('retry-after')) > 0);
    const number = await fleet.client.addInstance(id);
    const unplaced = await call<{ error: string }>(url.replace(/\d+\/logs$/, `${number}/logs`), 'GET', {
      token,
    });
    assert.deepEqual([unplaced.status, unplaced.body.error], [409, 'INSTANCE_NOT_PLACED']);
    await fleet.startCluster();
  });

  /** MiB of root, cluster and worker. */
  function resident(): number[] {
    return [fleet.root, fleet.cluster, fleet.worker('worker1')].map(({ child }) => {
      const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.id.pid}/status`, 'utf8')) ?? [];
      return Number(kib) / 1024;
    });
  }
});

type Ask = (signal: AbortSignal) => Promise<IncomingMessage>;

/** One answer, read in the background. */
class Reader {
  readonly lines: string[] = [];
  failure: unknown = null;
  readonly #ask: Ask;
  readonly #leaving = new AbortController();
  #gate: PromiseWithResolvers<void> | null = null;
  #ended: Promise<void> = Promise.resolve();
  #over = false;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async open(): Promise<void> {
    this.#ended = this.#read(await this.#ask(this.#leaving.signal));
  }

  async until(what: string, wanted: (reader: this) => boolean, timeout = 20_000): Promise<this> {
    await eventually(
      what,
      () => ({ last: this.lines.slice(-5), over: this.#over }),
      () => wanted(this),
      { timeout },
    );
    return this;
  }

  async end(): Promise<this> {
    await this.until('the end', () => this.#over);
    await this.#ended;
    return this;
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#gate = Promise.withResolvers();
  }

  resume(): void {
    this.#gate?.resolve();
  }

  leave(): void {
    this.#leaving.abort();
  }

  async #read(response: IncomingMessage): Promise<void> {
    try {
      for await (const line of linesOf(response)) {
        await this.#gate?.promise;
        this.lines.push(line);
      }
    } catch (error) {
      this.failure = error;
    }
    this.#over = true;
  }
}
