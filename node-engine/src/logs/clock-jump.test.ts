/** Logs of a real Docker Engine in which the clock goes back and forth, read with interruptions. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { newId, silentLogger, systemClock } from '@hedgerow/common';
import type { LogRequest } from '@hedgerow/protos';
import { DockerRuntime } from '../runtimes/docker/docker-runtime.ts';
import { startDockerd, type TestDockerd, withoutDocker } from '../testing/dockerd.ts';
import { type EngineProxy, startEngineProxy } from '../testing/engine-proxy.ts';
import { eventually } from '../testing/eventually.ts';
import { makeImage } from '../testing/images.ts';
import { Readers } from './readers.ts';
import { linesOf } from './source.ts';

const HOUR = 3_600_000;

describe('a log in which the clock jumps', { skip: withoutDocker() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-jump-'));
  let dockerd: TestDockerd;
  let proxy: EngineProxy;
  let runtime: DockerRuntime;
  let container: string;
  let ending: AbortController;
  let again: () => void;
  let count: number;

  before(async () => {
    dockerd = await startDockerd();
    await makeImage(dockerd.docker, { name: 'test:1', changes: ['CMD ["sleep", "1000"]'] });
    proxy = await startEngineProxy(dockerd.socket, join(directory, 'docker.sock'));
    runtime = new DockerRuntime({
      ...{ workerId: newId(Date.now()), socket: proxy.socket, shim: '/bin/busybox', stopGrace: 0 },
      ...{ clock: systemClock, log: silentLogger },
    });
  });
  after(async () => {
    await proxy?.stop();
    await dockerd?.stop();
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    const host = { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: {} } };
    const made = await dockerd.docker.createContainer({ Image: 'test:1', HostConfig: host });
    await made.start();
    container = made.id;
    count = 0;
    ending = new AbortController();
  });
  afterEach(async () => {
    ending.abort();
    await dockerd.docker.getContainer(container).remove({ force: true });
  });

  const logFile = () => join(dockerd.data, 'containers', container, `${container}-json.log`);
  /** As the Engine would have, had its clock been there; each a second after the one before. */
  const print = (at: number, lines: number) => {
    for (let n = 0; n < lines; n++) {
      const time = new Date(at + n * 1000).toISOString().replace('Z', '000001Z');
      appendFileSync(logFile(), `${JSON.stringify({ log: `line ${++count}\n`, stream: 'stdout', time })}\n`);
    }
  };
  const read = (change: Partial<LogRequest> = {}): string[] => {
    const lines: string[] = [];
    const request = { service_id: 'a', instance_number: 0, follow: true, tail: 100, again: false };
    const listeners = new Set<() => void>();
    again = () => {
      for (const listener of [...listeners]) listener();
    };
    const instances = {
      output: () => ({ container, last: '', continues: true }),
      onChange(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const parts = { runtime, instances, readers: new Readers(systemClock), clock: systemClock };
    const source = linesOf(parts, { ...request, stream_id: 's', request_id: '', ...change }, ending.signal);
    void (async () => {
      for await (const { text } of source) lines.push(text);
    })();
    return lines;
  };
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`);
  const until = (lines: string[], last: number) =>
    eventually(`line ${last}`, async () => lines.at(-1) === `line ${last}`);
  const interrupt = async (lines: string[], meanwhile: () => void, last: number) => {
    proxy.cut();
    meanwhile();
    again();
    await until(lines, last);
  };

  for (const hours of [1, -1])
    it(`by ${hours} h while nobody reads: nothing is lost and nothing repeated`, async () => {
      const start = Date.now();
      print(start, 50);
      const lines = read();
      await until(lines, 50);
      await interrupt(lines, () => print(start + hours * HOUR, 50), 100);
      print(start + hours * HOUR + 60_000, 10);
      await until(lines, 110);
      await interrupt(lines, () => print(start + hours * HOUR + 120_000, 10), 120);
      await interrupt(lines, () => print(start + 200_000, 10), 130);
      assert.deepEqual(lines, numbered(1, 130));
    });

  for (const tail of [100, 0])
    it(`put right when it was a day ahead, read from the last ${tail}: nothing is lost and nothing repeated`, async () => {
      const start = Date.now();
      let at = start + 24 * HOUR;
      print(at, 20);
      const lines = read({ tail });
      await eventually('the first line', async () => {
        at += 30_000;
        print(at, 1);
        return lines.length > 0;
      });
      await until(lines, count);
      await interrupt(lines, () => print(start - 60_000, 20), count + 20);
      print(start - 30_000, 10);
      await until(lines, count);
      assert.deepEqual(lines, numbered(Number(lines[0]?.slice('line '.length)), count));
    });

  it('back while it is read, and it ends: its last lines are not lost', async () => {
    const start = Date.now();
    print(start, 20);
    const lines = read();
    await until(lines, 20);
    print(start - HOUR, 20);
    await until(lines, 40);
    await interrupt(lines, () => print(start - HOUR + 30_000, 20), 60);
    assert.deepEqual(lines, numbered(1, 60));
  });

  it('a last line that has gone with a whole file of the log is not waited for', async () => {
    const start = Date.now();
    print(start, 20);
    const lines = read();
    await until(lines, 20);
    await interrupt(
      lines,
      () => {
        truncateSync(logFile());
        print(start - HOUR, 20);
      },
      40,
    );
    print(start, 20);
    await until(lines, 60);
    assert.deepEqual(lines, numbered(1, 60));
  });

  it('back after somebody began to read from now on: he reads on, and only what is new', async () => {
    const start = Date.now();
    print(start, 20);
    const lines = read({ tail: 0 });
    let at = start - HOUR;
    await eventually('the first line', async () => {
      at += 1000;
      print(at, 1);
      return lines.length > 0;
    });
    await until(lines, count);
    await interrupt(lines, () => print(at + 10_000, 5), count + 5);
    const [, first] = /^line (\d+)$/.exec(lines[0] ?? '') ?? [];
    assert.ok(Number(first) > 20, `it begins with line ${first}`);
    assert.deepEqual(lines, numbered(Number(first), count));
  });
});
