/** An Engine of which one container is broken: no real one can be made to have it, so it is played. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import type { JobPayload } from '@hedgerow/protos';
import { DesiredStore } from '../../instances/desired.ts';
import { Instances } from '../../instances/instances.ts';
import { Readers } from '../../logs/readers.ts';
import { makeDeploy } from '../../testing/deploys.ts';
import { DockerRuntime } from './docker-runtime.ts';
import { labelsFor } from './labels.ts';

const WORKER = 'a'.repeat(24);
const SOUND = makeDeploy();
const BROKEN = makeDeploy({ instance_number: 1 });
const VANISHED = makeDeploy({ instance_number: 2 });

describe('an Engine that cannot say how one of its containers is', () => {
  let directory: string;
  let server: Server;
  let runtime: DockerRuntime;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hedgerow-list-'));
    const socket = join(directory, 'docker.sock');
    server = await playEngine(socket);
    const settings = { workerId: WORKER, shim: '', socket, stopGrace: 1 };
    runtime = new DockerRuntime({ ...settings, clock: systemClock, log: silentLogger });
  });

  after(() => {
    runtime.close();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('lists them all', async () => {
    const numbers = (await runtime.list()).map(listed => listed.instance_number);
    assert.deepEqual(numbers, [0, 1, 2]);
  });

  it('has the others adopted, and says what is wrong with the one', async () => {
    const desired = new DesiredStore(openSqlite({ file: ':memory:', durability: 'normal' }));
    for (const deploy of [SOUND, BROKEN]) await desired.save(deploy);
    const told: JobPayload[] = [];
    const instances = new Instances({
      runtime,
      overlay: null,
      desired,
      readers: new Readers(systemClock),
      clock: systemClock,
      log: silentLogger,
      publicAddress: () => '',
      workerId: WORKER,
      rebooted: false,
      probe: () => assert.fail('nothing is checked'),
      random: Math.random,
      publish: report => told.push(report) > 0,
    });
    await instances.load();
    await new Promise<void>(up =>
      runtime.watch({ up, away: why => assert.fail(why), changed: () => assert.fail('nothing changes') }),
    );
    await instances.resume();
    await instances.idle();
    await instances.stop();
    const last = (number: number) => told.findLast(({ instance }) => instance === number);
    assert.equal(last(0)?.status, 'RUNNING');
    assert.equal(last(1)?.status, 'FAILED');
    assert.match(last(1)?.status_detail ?? '', /^Docker: its configuration cannot be read; retry/);
    assert.equal(last(2), undefined);
  });
});

/** @returns a server that has listed the third container, which has gone when it is asked for */
async function playEngine(socket: string): Promise<Server> {
  const listed = [SOUND, BROKEN, VANISHED].map(deploy => ({
    Id: `c${deploy.instance_number}`,
    Labels: labelsFor(WORKER, deploy),
  }));
  const sound = {
    Id: 'c0',
    Name: '/c0',
    Config: { Labels: labelsFor(WORKER, SOUND) },
    State: { Running: true, Status: 'running', Pid: 7, ExitCode: 0, OOMKilled: false },
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://engine').pathname;
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (path.endsWith('/events')) response.writeHead(200).write('');
    else if (path.endsWith('/containers/json')) answer(200, listed);
    else if (/c0|-0\/json$/.test(path)) answer(200, sound);
    else if (/c1|-1\/json$/.test(path)) answer(500, { message: 'its configuration cannot be read' });
    else answer(404, { message: 'no such container' });
  });
  await new Promise<void>(resolve => server.listen(socket, resolve));
  return server;
}
