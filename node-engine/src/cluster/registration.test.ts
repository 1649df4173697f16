import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isErrorOf, openSqlite, type Store, silentLogger, systemClock } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import type { RegisterRequest } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import {
  REGISTRATION,
  type RegistrationDeps,
  register,
  registerForEver,
  registrationIn,
} from './registration.ts';

const ANSWER = {
  id: '0123456789abcdef01234567',
  MQTT_BROKER_PORT: '10003',
  MQTT_BROKER_HOST: '',
  mqtt_username: 'u',
  mqtt_password: 'p',
  secret: 's',
  subnet: '10.18.0.64',
  cluster_id: 'c',
  cluster_name: 'garden',
};

describe('registration', () => {
  let server: Server;
  let store: Store;
  let deps: RegistrationDeps;
  const bodies: RegisterRequest[] = [];
  const answers: { status: number; body: unknown }[] = [];

  beforeEach(async () => {
    bodies.length = 0;
    answers.length = 0;
    server = createServer(async (request, response) => {
      bodies.push((await json(request)) as RegisterRequest);
      const answer = answers.shift() ?? { status: 200, body: ANSWER };
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    store = openSqlite({ file: ':memory:', durability: 'normal' });
    deps = {
      store: registrationIn(store),
      clock: systemClock,
      log: silentLogger,
      describe: async () => ({
        host: 'w1',
        token: 't',
        vcpus: 2,
        memory: 512,
        architecture: 'amd64',
        virtualization: ['docker'],
        public_address: '192.0.2.7',
        tunnel_port: 50103,
        overlay: true,
      }),
      cluster: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    };
  });

  afterEach(async () => {
    await store.close();
    await new Promise(resolve => server.close(resolve));
  });

  it('says what the machine offers, and keeps who it is', async () => {
    const first = await register(deps);
    assert.deepEqual(
      [first.worker_id, first.subnet, first.public_address],
      [ANSWER.id, '10.18.0.64', '192.0.2.7'],
    );
    assert.deepEqual((await deps.store.get(REGISTRATION))?.secret, 's');
    assert.equal(bodies[0]?.token, 't');
    assert.equal('id' in (bodies[0] ?? {}), false);
    await register(deps);
    assert.deepEqual([bodies[1]?.id, bodies[1]?.secret], [ANSWER.id, 's']);
  });

  it('stores with another id which one it had, and that what it had to run was that one’s', async () => {
    const [second, third] = ['1'.repeat(24), '2'.repeat(24)];
    assert.deepEqual([(await register(deps)).former, (await register(deps)).outdated], [[], false]);
    for (const id of [second, third, third]) {
      answers.push({ status: 200, body: { ...ANSWER, id } });
      await register(deps);
    }
    const known = await deps.store.get(REGISTRATION);
    assert.deepEqual([known?.former, known?.outdated], [[ANSWER.id, second], true]);
    const back = await register(deps);
    assert.deepEqual([back.worker_id, back.former], [ANSWER.id, [second, third]]);
  });

  const unusable: [string, { status: number; body: unknown }, string, RegExp][] = [
    [
      'a refusal',
      { status: 401, body: { message: 'bad token' } },
      'REGISTRATION_REFUSED',
      /answered 401: bad token/,
    ],
    ['a failure', { status: 500, body: 'oops' }, 'REGISTRATION_FAILED', /answered 500: without a reason/],
    ['text', { status: 200, body: 'hello' }, 'REGISTRATION_FAILED', /answered 200/],
    [
      'no id',
      { status: 200, body: { ...ANSWER, id: 'x' } },
      'REGISTRATION_FAILED',
      /no worker id of 24 hex digits: "x"/,
    ],
    [
      'no port',
      { status: 200, body: { ...ANSWER, MQTT_BROKER_PORT: '' } },
      'REGISTRATION_FAILED',
      /no MQTT_BROKER_PORT/,
    ],
    [
      'no subnet',
      { status: 200, body: { ...ANSWER, subnet: '' } },
      'REGISTRATION_FAILED',
      /no subnet for this worker yet/,
    ],
  ];
  for (const [name, answer, code, message] of unusable) {
    it(`does not take ${name} for an answer`, async () => {
      answers.push(answer);
      await assert.rejects(
        () => register(deps),
        (error: Error) =>
          isErrorOf(error, ERRORS[code as keyof typeof ERRORS]) && message.test(error.message),
      );
      assert.equal(await deps.store.get(REGISTRATION), null);
    });
  }

  it('tries for ever, with growing pauses, until the cluster answers', async () => {
    const clock = manualClock();
    answers.push(...Array.from({ length: 8 }, () => ({ status: 503, body: {} })));
    let done = false;
    const waiting: number[] = [];
    const after: typeof clock.after = (ms, callback) => {
      waiting.push(ms);
      const cancel = clock.after(ms, callback);
      setImmediate(() => clock.advance(ms));
      return cancel;
    };
    const answer = await registerForEver(
      { ...deps, clock: { ...clock, after } },
      new AbortController().signal,
    );
    done = answer.cluster_name === 'garden';
    assert.ok(done);
    assert.equal(waiting.length, 8);
    assert.ok(Math.max(...waiting) <= 15_000 && (waiting[7] ?? 0) > (waiting[0] ?? 0));
  });

  it('gives up when it is told to', async () => {
    const ending = new AbortController();
    answers.push({ status: 503, body: {} });
    const trying = registerForEver({ ...deps, clock: manualClock() }, ending.signal);
    setImmediate(() => ending.abort(new Error('stopping')));
    await assert.rejects(trying, /stopping/);
  });
});
