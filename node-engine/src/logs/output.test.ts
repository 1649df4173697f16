/** Outputs of real containers, through a real broker, to a cluster that asks for them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { DOWN, type LogChunk, type LogsPayload, UP } from '@hedgerow/protos';
import { makeDeploy } from '../testing/deploys.ts';
import { startDockerd, type TestDockerd, withoutDocker } from '../testing/dockerd.ts';
import { makeImage } from '../testing/images.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { removeData, report, startTestWorker, type TestWorker } from '../testing/worker.ts';

const PRINT = `#!/bin/sh
n=0
while [ $n -lt "$1" ]; do n=$((n+1)); echo "line $n"; done
exec sleep 1000
`;
const TICK = `#!/bin/sh
echo "begin $RANDOM_NAME"
n=0
while :; do n=$((n+1)); echo "tick $n"; sleep 0.1; [ -e /tmp/end ] && exit 3; done
`;

let streams = 0;

/** What came of one stream. */
class Reader {
  readonly id = `s${++streams}`;
  readonly lines: string[] = [];
  lost = 0;
  ended: string | null = null;
  readonly #cluster: TestCluster;
  #from = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    this.#from = cluster.up.all.length;
  }

  async ask(fields: Partial<LogsPayload> = {}): Promise<this> {
    const { service_id } = makeDeploy();
    const request = { service_id, instance_number: 0, follow: false, tail: 100, request_id: 'r' };
    const payload = { stream_id: this.id, ...request, again: false, stop: false, ...fields };
    await this.#cluster.send(DOWN.logs, payload, 0);
    return this;
  }

  async until(what: string, wanted: (reader: this) => boolean, limit = 15_000): Promise<this> {
    const deadline = performance.now() + limit;
    for (;;) {
      this.#read();
      if (wanted(this)) return this;
      const seen = JSON.stringify({ lines: this.lines.slice(-5), lost: this.lost, ended: this.ended });
      assert.ok(performance.now() < deadline, `${what}: not within ${limit} ms; ${seen}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  end(): Promise<this> {
    return this.until('the end', reader => reader.ended !== null);
  }

  #read(): void {
    for (const { leaf, json } of this.#cluster.up.all.slice(this.#from)) {
      this.#from += 1;
      const chunk = leaf === UP.logs ? (json() as unknown as LogChunk) : null;
      if (chunk?.stream_id !== this.id) continue;
      this.lines.push(...chunk.lines);
      this.lost += chunk.lost;
      if (chunk.end) this.ended = chunk.error;
    }
  }
}

describe('the output of an instance', { skip: withoutDocker() }, () => {
  let dockerd: TestDockerd;
  let cluster: TestCluster;
  let worker: TestWorker;

  before(async () => {
    dockerd = await startDockerd();
    const scripts = { 'bin/print': PRINT, 'bin/tick': TICK };
    await makeImage(dockerd.docker, { name: 'test:1', scripts, changes: ['CMD ["sleep", "1000"]'] });
  });
  after(() => dockerd?.stop());
  beforeEach(async () => {
    cluster = await startTestCluster();
    worker = await startTestWorker(cluster, dockerd.socket, null, { stopGrace: 1, beat: 200 });
  });
  afterEach(async () => {
    await worker.stop();
    await cluster.stop();
    removeData(worker);
    for (const { Id } of await dockerd.docker.listContainers({ all: true })) {
      await dockerd.docker.getContainer(Id).remove({ force: true });
    }
  });

  const run = async (...cmd: string[]) => {
    await cluster.send(DOWN.deploy, makeDeploy({ cmd }));
    return report(cluster, 'RUNNING');
  };
  const remove = () => {
    const { job_name, service_id, virtualization } = makeDeploy();
    return cluster.send(DOWN.delete, { job_name, service_id, virtualization, instance_number: 0 });
  };
  const reader = () => new Reader(cluster);
  const inContainer = async (...Cmd: string[]) => {
    const [container] = await dockerd.docker.listContainers();
    const exec = await dockerd.docker.getContainer(container?.Id ?? '').exec({ Cmd });
    await exec.start({ Detach: true });
  };

  it('its last lines, then the end', async () => {
    await run('print', '250');
    const all = await reader().ask({ follow: true, tail: 1000 });
    await all.until('all lines', ({ lines }) => lines.at(-1) === 'line 250');
    const { lines, lost, ended } = await (await reader().ask({ tail: 3 })).end();
    assert.deepEqual(lines, ['line 248', 'line 249', 'line 250']);
    assert.deepEqual([lost, ended], [0, '']);
    assert.deepEqual((await (await reader().ask({ tail: 0 })).end()).lines, []);
  });

  it('both sources, partial and binary lines; what no end follows comes with the end of the program', async () => {
    const script = `sleep 1; echo out; echo err >&2; printf '\\377\\000x\\n'; printf 'no end'`;
    await cluster.send(DOWN.deploy, makeDeploy({ cmd: ['sh', '-c', script], one_shot: true }));
    await report(cluster, 'RUNNING');
    const followed = await (await reader().ask({ follow: true })).end();
    assert.deepEqual(followed.lines.sort(), ['err', 'no end', 'out', '\ufffd\ufffdx']);
    assert.equal(followed.ended, '');
  });

  it('a line that is too long is cut', async () => {
    await run('sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x; echo; echo short; sleep 1000');
    const long = await reader().ask({ follow: true });
    await long.until('the next line', ({ lines }) => lines.at(-1) === 'short');
    assert.equal(long.lines.length, 2);
    assert.equal(long.lines[0], `${'x'.repeat(16_384)} … (83616 bytes more)`);
  });

  it('goes on with the next container when the program ends and is started again', async () => {
    await run('tick');
    const followed = await reader().ask({ follow: true, tail: 0 });
    await followed.until('a line', ({ lines }) => lines.some(line => line.startsWith('tick')));
    await inContainer('touch', '/tmp/end');
    await followed.until('the first line of the next one', ({ lines }) =>
      lines.some(l => l.startsWith('begin')),
    );
    await followed.until(
      'and more',
      ({ lines }) => lines.lastIndexOf('tick 3') > lines.lastIndexOf('begin '),
    );
    assert.equal(followed.lost, 0);
    assert.equal(followed.ended, null);
    const ticks = followed.lines.slice(0, followed.lines.indexOf('begin '));
    const numbers = ticks.map(line => Number(line.split(' ')[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, n) => (numbers[0] as number) + n),
    );
  });

  it('ends when the instance is removed, with its last words', async () => {
    await run('sh', '-c', 'trap "echo goodbye; exit" TERM; while :; do sleep 0.1; done');
    const followed = await reader().ask({ follow: true });
    await followed.until('it is open', () => cluster.up.all.some(({ leaf }) => leaf === UP.logs));
    await remove();
    await followed.end();
    assert.deepEqual([followed.lines.at(-1), followed.ended], ['goodbye', '']);
  });

  it('of an instance that is not here ends at once', async () => {
    assert.equal((await (await reader().ask({ follow: true })).end()).ended, '');
  });

  it('between two containers is the last lines of the one before', async () => {
    await cluster.send(DOWN.deploy, makeDeploy({ cmd: ['sh', '-c', 'echo one; echo last words; exit 1'] }));
    const dead = await report(cluster, 'FAILED');
    assert.match(dead.status_detail, /at once/);
    await cluster.up.take(
      ({ leaf, json }) => leaf === 'job' && /in [24] s/.test(String(json().status_detail)),
      'back-off',
    );
    const { lines } = await (await reader().ask({ tail: 1 })).end();
    assert.deepEqual(lines, ['last words']);
  });

  it('has several readers, each with his own end', async () => {
    await run('tick');
    const [one, two] = [await reader().ask({ follow: true }), await reader().ask({ follow: true })];
    await Promise.all([one, two].map(r => r.until('lines', ({ lines }) => lines.includes('tick 2'))));
    await one.ask({ stop: true });
    const { length } = two.lines;
    await two.until('more', ({ lines }) => lines.length > length + 5);
    assert.ok(one.lines.length < two.lines.length);
  });

  it('that is asked for again is not sent twice, and goes on after a restart of the engine', async () => {
    await run('tick');
    const followed = await reader().ask({ follow: true });
    await followed.until('lines', ({ lines }) => lines.includes('tick 3'));
    await followed.ask({ follow: true, again: true });
    await followed.until('more', ({ lines }) => lines.includes('tick 8'));
    assert.equal(new Set(followed.lines).size, followed.lines.length);
    worker = await worker.restart();
    await followed.ask({ follow: true, again: true });
    const notice = '… the stream was interrupted; lines may be missing';
    await followed.until(
      'the notice and more',
      ({ lines }) => lines.indexOf(notice) in lines && lines.at(-1) !== notice,
    );
    assert.ok(!followed.lines.slice(followed.lines.indexOf(notice)).includes('tick 1'));
  });

  it('of a hundred thousand lines at once comes whole, and delays neither beats nor statuses', async () => {
    const beats: number[] = [];
    const { put } = cluster.up;
    cluster.up.put = message => {
      if (message.leaf === UP.beat) beats.push(performance.now());
      put(message);
    };
    await run('sleep', '1000');
    const followed = await reader().ask({ follow: true });
    await followed.until('it is open', () => cluster.up.all.some(({ leaf }) => leaf === UP.logs));
    global.gc?.();
    const before = process.memoryUsage();
    const began = performance.now();
    await inContainer(
      'sh',
      '-c',
      'n=0; while [ $n -lt 100000 ]; do n=$((n+1)); echo "a line of some length, number $n"; done > /proc/1/fd/1',
    );
    await followed.until('all of them', ({ lines, lost }) => lines.length + lost >= 100_000, 50_000);
    const took = performance.now() - began;
    assert.equal(followed.lines.length + followed.lost, 100_000);
    assert.equal(followed.lines.at(-1), 'a line of some length, number 100000');
    const gaps = beats.filter(at => at > began).map((at, n, all) => at - (all[n - 1] ?? at));
    assert.ok(gaps.length > took / 1000, 'beats came');
    assert.ok(Math.max(...gaps) < 1500, `a gap of ${Math.max(...gaps)} ms between beats`);
    const chunks = cluster.up.all.filter(({ leaf }) => leaf === UP.logs);
    assert.ok(Math.max(...chunks.map(({ payload }) => payload.length)) < 17_000);
    assert.ok(process.memoryUsage().heapTotal - before.heapTotal < 256 * 1024 * 1024);
  });
});
