/** Real servers on loopback; real time, but for timeouts. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { after, describe, it } from 'node:test';
import { systemClock } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { HealthCheck } from '@hedgerow/protos';
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
