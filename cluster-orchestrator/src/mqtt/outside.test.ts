import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HandWorker } from '../testing/hand-worker.ts';
import { noMosquitto, startMosquitto } from '../testing/mosquitto.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

describe('a cluster with an outside broker', { skip: noMosquitto }, () => {
  let mosquitto: Awaited<ReturnType<typeof startMosquitto>>;
  let site: Site;
  before(async () => {
    mosquitto = await startMosquitto();
    site = await Site.start({ mqttUrl: mosquitto.url });
    await until('the broker is connected', async () => (await fetch(`${site.cluster.url}/readyz`)).ok);
  });
  after(async () => {
    await site.stop();
    await mosquitto.stop();
  });

  test('hands its address to workers, places on them and finds the dead', async () => {
    const registered = await site.register();
    assert.deepEqual(
      [registered.MQTT_BROKER_HOST, registered.MQTT_BROKER_PORT],
      ['127.0.0.1', String(mosquitto.port)],
    );
    const worker = new HandWorker(registered);
    site.workers.push(worker);
    await worker.connect();
    await worker.table();
    await site.place();
    await worker.run();
    assert.equal((await site.root.report('RUNNING')).worker_id, worker.id);
    await worker.drop();
    await until('it is missed', async () => {
      const answer = await fetch(`${site.cluster.url}/api/workers`);
      return JSON.stringify(await answer.json()).includes('"suspect"');
    });
    site.clock.advance(5000);
    await site.root.report('NO_QUALIFIED_WORKER_FOUND');
  });

  test('holds a broker that hangs against nobody behind it', async () => {
    const worker = new HandWorker(await site.register({ host: 'patient' }));
    site.workers.push(worker);
    await worker.connect();
    await worker.table();
    const state = async () => {
      const answer = await fetch(`${site.cluster.url}/api/workers`);
      const { workers } = (await answer.json()) as { workers: { host: string; state: string }[] };
      return workers.find(({ host }) => host === 'patient')?.state;
    };
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        site.clock.advance(100);
        // questions to the broker leave between two steps, as they do within a tenth of a second
        await state();
      }
    };
    mosquitto.signal('SIGSTOP');
    try {
      // what the broker had sent before it stood still is heard first
      await until('it is missed', async () => {
        await pass(500);
        return (await state()) === 'suspect';
      });
      await pass(9000);
      assert.equal(await state(), 'suspect');
    } finally {
      mosquitto.signal('SIGCONT');
    }
    await worker.beat();
    await until('it is heard', async () => (await state()) === 'live');
    await worker.leave();
  });
});
