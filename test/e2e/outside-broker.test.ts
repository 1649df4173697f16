/** `MQTT_URL`: a broker that is not ours, Mosquitto, between cluster and workers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inNamespace } from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, SLEEP, scale, shares } from '../support/stories.ts';

const MOSQUITTO = '/usr/sbin/mosquitto';
const PORT = 1883;

describe('with Mosquitto as the broker', { skip: withoutRoot() || withoutMosquitto() }, () => {
  let fleet: TestFleet;
  let broker: ReturnType<typeof spawn>;
  /** Tearing the run down may end it already. */
  let ended: Promise<unknown>;

  before(async () => {
    fleet = await startFleet({
      workers: 2,
      prepare: async (run, { cluster }) => {
        const file = join(run.dir, 'mosquitto.conf');
        writeFileSync(file, `listener ${PORT} ${cluster?.address}\nallow_anonymous true\nuser root\n`);
        const [command, args] = inNamespace(cluster?.namespace ?? '', [MOSQUITTO, '-v', '-c', file]);
        broker = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        ended = once(broker, 'exit');
        await until(broker, /running/);
        return { flags: { cluster: ['--mqtt-url', `mqtt://${cluster?.address}:${PORT}`] } };
      },
    });
  });
  after(async () => {
    await fleet?.stop();
    broker?.kill();
    await ended;
  });

  it('deploys, serves and undeploys', async () => {
    const sla = descriptor('outside', [microservice('client', { cmd: SLEEP }), microservice('server')]);
    const services = await register(fleet, sla);
    const client = await scale(fleet, services.get('client') as ApiService, 1);
    const server = await scale(fleet, services.get('server') as ApiService, 3);
    const caller = { service: client, instance: client.instance_list[0] as ApiInstance };
    const { lost } = shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 60));
    assert.equal(lost, 0);
    await fleet.client.removeApplication(server.applicationID);
  });
});

function withoutMosquitto(): string | false {
  return existsSync(MOSQUITTO) ? false : 'needs Debian’s package mosquitto';
}

async function until(process_: ReturnType<typeof spawn>, line: RegExp): Promise<void> {
  let seen = '';
  for await (const chunk of process_.stderr ?? []) {
    seen += String(chunk);
    if (line.test(seen)) break;
  }
  assert.match(seen, line);
}
