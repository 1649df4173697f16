/** Real servers on loopback; real time, but for timeouts. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { after, describe, it } from 'node:test';
import { type Clock, HedgerowError, systemClock } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { HealthCheck } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Executed } from '../runtimes/runtime.ts';
import { makeCheck } from '../testing/checks.ts';
import { probes } from './probes.ts';

const TARGET = { container: 'c1', address: '127.0.0.1' };

describe('health checks', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });
  const listening = async (server: Server) => {
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const runtime = {
    available: () => true,
    exec: (): Promise<Executed> => Promise.resolve({ code: 0, output: '' }),
  };
  const ask = (check: Partial<HealthCheck>, parts: Partial<Parameters<typeof probes>[0]> = {}) => {
    const probe = probes({ runtime, clock: systemClock, ...parts });
    return probe(makeCheck(check), TARGET, new AbortController().signal);
  };

  describe('http', () => {
    const serve = (listener: RequestListener) => listening(createServer(listener));

    for (const [status, outcome] of [
      [200, 'passed'],
      [302, 'passed'],
      [404, 'failed'],
      [503, 'failed'],
    ] as const)
      it(`${status}: ${outcome}`, async () => {
        const paths: string[] = [];
        const port = await serve((request, response) => {
          paths.push(request.url ?? '');
          response.writeHead(status, { location: '/elsewhere' }).end('body');
        });
        const result = await ask({ port, path: '/health?full=1' });
        assert.equal(result.outcome, outcome);
        if (result.outcome !== 'passed')
          assert.equal(result.why, `GET http://127.0.0.1:${port}/health?full=1: answered ${status}`);
        assert.deepEqual(paths, ['/health?full=1'], 'no redirect is followed');
      });

    it('does not wait for the body', async () => {
      const port = await serve((_request, response) => response.writeHead(200).write('and so on'));
      assert.equal((await ask({ port })).outcome, 'passed');
    });

    it('nobody there', async () => {
      const port = await serve(() => {});
      await new Promise(resolve => servers.pop()?.close(resolve));
      const result = await ask({ port });
      assert.match(result.outcome === 'failed' ? result.why : '', /ECONNREFUSED/);
    });

    it('what is no HTTP', async () => {
      const port = await listening(
        createTcpServer(socket => void socket.on('error', () => {}).end('hello\n')),
      );
      assert.equal((await ask({ port })).outcome, 'failed');
    });

    it('no answer in time', async () => {
      const clock = manualClock();
      const asked = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      const port = await serve(request => {
        request.socket.once('close', () => closed.resolve());
        asked.resolve();
      });
      const result = ask({ port, timeout: 3 }, { clock });
      await asked.promise;
      clock.advance(3000);
      assert.deepEqual(await result, { outcome: 'failed', why: 'no answer in 3 s' });
      await closed.promise;
    });
  });

  it('tcp: who takes the connection passes', async () => {
    const port = await listening(createTcpServer(socket => socket.on('error', () => {}).resume()));
    assert.deepEqual(await ask({ type: 'tcp', port }), { outcome: 'passed' });
    await new Promise(resolve => servers.pop()?.close(resolve));
    const result = await ask({ type: 'tcp', port });
    assert.equal(
      result.outcome === 'failed' && result.why,
      `TCP 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  it('exec: says how it ended and what it printed; a runtime that is away says nothing', async () => {
    const exec = () => Promise.resolve({ code: 4, output: 'disk lost' });
    const failed = await ask({ type: 'exec', command: ['check', '-a'] }, { runtime: { ...runtime, exec } });
    assert.deepEqual(failed, { outcome: 'failed', why: 'check exited with code 4: disk lost' });
    const away = await ask(
      { type: 'exec', command: ['check'] },
      { runtime: { ...runtime, available: () => false } },
    );
    assert.equal(away.outcome, 'unknown');
  });

  it('a container without an address is not judged by it', async () => {
    const probe = probes({ runtime, clock: systemClock });
    const target = { ...TARGET, address: '' };
    const { signal } = new AbortController();
    assert.equal((await probe(makeCheck(), target, signal)).outcome, 'unknown');
    assert.equal(
      (await probe(makeCheck({ type: 'exec', command: ['c'] }), target, signal)).outcome,
      'passed',
    );
  });
});

/** Time as a process has it that may be stopped: what was due meanwhile is called afterwards, once. */
function stoppable(): Clock & { pass(ms: number): void } {
  const timers = new Set<{ at: number; callback: () => void }>();
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}

describe('a process that stood still', () => {
  const target = { container: 'c1', address: '' };
  const check = makeCheck({ type: 'exec', command: ['check'], timeout: 3 });
  const asking = (clock: Clock) => {
    const answer = Promise.withResolvers<Executed>();
    const runtime = { available: () => true, exec: () => answer.promise };
    const result = probes({ runtime, clock })(check, target, new AbortController().signal);
    return { ...answer, result };
  };

  it('reads the answer that has come meanwhile', async () => {
    const clock = stoppable();
    const { result, resolve } = asking(clock);
    clock.pass(20_000);
    resolve({ code: 0, output: '' });
    assert.deepEqual(await result, { outcome: 'passed' });
  });

  it('holds nothing against the program that was asked', async () => {
    const clock = stoppable();
    const { result, resolve } = asking(clock);
    clock.pass(20_000);
    resolve({ code: 1, output: 'broken pipe' });
    assert.equal((await result).outcome, 'unknown');
  });

  it('still gives up when it waits and nothing comes', async () => {
    const clock = stoppable();
    const { result } = asking(clock);
    clock.pass(300);
    for (let turn = 0; turn < 40; turn++) {
      clock.pass(300);
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.deepEqual(await result, { outcome: 'failed', why: 'no answer in 3 s' });
  });
});

it('a runtime that does not answer in time says nothing about the program', async () => {
  const clock = manualClock();
  const exec = (_container: string, _command: readonly string[], signal: AbortSignal) =>
    new Promise<Executed>((_, reject) => {
      signal.addEventListener('abort', () => reject(new HedgerowError(ERRORS.RUNTIME_AWAY, 'it is frozen')));
    });
  const probe = probes({ runtime: { available: () => true, exec }, clock });
  const check = makeCheck({ type: 'exec', command: ['check'] });
  const result = probe(check, TARGET, new AbortController().signal);
  clock.advance(1000);
  assert.deepEqual(await result, { outcome: 'unknown', why: 'check: it is frozen' });
});
