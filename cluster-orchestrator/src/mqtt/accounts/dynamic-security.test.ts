/** Against Debian's Mosquitto with its plug-in. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import type { RegisterResponse } from '@hedgerow/protos';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { HandWorker } from '../../testing/hand-worker.ts';
import { type Mosquitto, noMosquitto, startMosquitto } from '../../testing/mosquitto.ts';
import { Site } from '../../testing/site.ts';
import { until } from '../../testing/wait.ts';

const isReady = async (site: Site) => (await fetch(`${site.cluster.url}/readyz`)).ok;

describe('workers’ accounts at Mosquitto', { skip: noMosquitto }, () => {
  let mosquitto: Mosquitto;
  let site: Site;
  before(async () => {
    mosquitto = await startMosquitto({ accounts: true });
    site = await Site.start({ mqttUrl: mosquitto.url });
    await managed();
  });
  after(async () => {
    await site?.stop();
    await mosquitto?.stop();
  });

  /** The cluster has its own rights at the broker, which it gives itself last, and is back with them. */
  async function managed(): Promise<void> {
    await until('the cluster has its rights', async () =>
      (await mosquitto.control('getClient', 'admin')).includes('hedgerow/site1/cluster'),
    );
    await until('the broker is connected', () => isReady(site));
  }

  async function dial(as: RegisterResponse, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`, {
      clientId: `${as.id}-ne`,
      username: as.mqtt_username,
      password: as.mqtt_password,
      reconnectPeriod: 0,
      ...options,
    });
    client.on('error', () => {});
    return client;
  }

  async function worker(): Promise<HandWorker> {
    const made = new HandWorker(await site.register());
    site.workers.push(made);
    await made.connect();
    await made.table();
    return made;
  }

  async function removed(worker: HandWorker): Promise<number> {
    await worker.drop();
    const path = `${site.cluster.url}/api/workers/${worker.id}`;
    const answer = await until('it may be removed', async () => {
      // no more at a time than a broker may take to answer
      site.clock.advance(500);
      const response = await fetch(path, { method: 'DELETE' });
      return response.status === 409 ? false : response;
    });
    return answer.status;
  }

  const accounts = async () => (await mosquitto.control('listClients')).trim().split('\n');
  const roles = async () => (await mosquitto.control('listRoles')).trim().split('\n');

  test('a worker that has registered can work at once; its password is not its secret', async () => {
    const first = await worker();
    assert.notEqual(first.registered.mqtt_password, first.registered.secret);
    await site.place();
    const order = await first.run();
    assert.equal((await site.root.report('RUNNING')).worker_id, first.id);
    assert.ok(order);
  });

  test('nobody comes in with a wrong password, without one, or with another’s client id', async () => {
    const { registered } = await worker();
    const other = await site.register();
    await assert.rejects(dial(registered, { password: 'wrong' }), /[Nn]ot authorized|[Bb]ad user/);
    await assert.rejects(dial(registered, { password: registered.secret }), /[Nn]ot authorized|[Bb]ad user/);
    await assert.rejects(connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`, { reconnectPeriod: 0 }));
    await assert.rejects(dial(other, { clientId: `${registered.id}-ne` }));
  });

  test('a worker reads and writes nothing of another worker, nor what is the cluster’s to say', async () => {
    const victim = await worker();
    const thief = await dial(await site.register());
    const stolen: string[] = [];
    thief.on('message', topic => stolen.push(topic));
    for (const filter of ['#', 'nodes/#', `nodes/${victim.id}/#`, 'nodes/+/job', '$CONTROL/#', '$SYS/#']) {
      await assert.rejects(thief.subscribeAsync(filter, { qos: 1 }), `subscribed to ${filter}`);
    }
    const own = thief.options.username as string;
    await thief.subscribeAsync(`nodes/${own}/#`, { qos: 1 });
    await victim.publish('presence', { online: true });
    await thief.publishAsync(`nodes/${victim.id}/control/deploy`, '{"stolen":true}', { qos: 1 });
    await thief.publishAsync(`nodes/${victim.id}/presence`, '{"online":false}', { qos: 1 });
    await thief.publishAsync(`nodes/${own}/control/deploy`, '{}', { qos: 1 });
    await thief.publishAsync(`nodes/${own}/net/tablequery/result`, '{}', { qos: 1 });
    await thief.publishAsync('$CONTROL/dynamic-security/v1', '{"commands":[]}', { qos: 1 });
    // what may be said goes through, so the rest would have, too
    await thief.publishAsync(`nodes/${own}/presence`, '{"online":true}', { qos: 1 });
    await until('its own message is back', () => stolen.some(topic => topic.endsWith('/presence')));
    const allowed = [`nodes/${own}/presence`, `nodes/${own}/net/table`];
    assert.deepEqual(
      stolen.filter(topic => !allowed.includes(topic)),
      [],
    );
    assert.equal(victim.waiting('control/deploy'), 0);
    await thief.endAsync(true);
  });

  test('registering again keeps the account, with the same password', async () => {
    const { registered } = await worker();
    const again = await site.register({ id: registered.id, secret: registered.secret });
    assert.deepEqual(again, registered);
    await (await dial(again)).endAsync(true);
    assert.equal((await accounts()).filter(name => name === registered.id).length, 1);
  });

  test('account and role go with the worker, and its connection too', async () => {
    const leaver = await worker();
    assert.equal(await removed(leaver), 200);
    assert.ok(!(await accounts()).includes(leaver.id));
    assert.ok(!(await roles()).some(name => name.includes(leaver.id)));
    await assert.rejects(dial(leaver.registered));
  });

  test('after a restart of the broker with what it had, workers come back as they were', async () => {
    const kept = await site.register();
    await mosquitto.restart(false);
    await until('it is let in', () =>
      dial(kept).then(
        client => client.endAsync(true).then(() => true),
        () => false,
      ),
    );
    await managed();
  });

  test('a broker that has lost its accounts gets them again, without the workers’ doing', async () => {
    const kept = await site.register();
    await mosquitto.restart(true);
    await until('it is let in', () =>
      dial(kept).then(
        client => client.endAsync(true).then(() => true),
        () => false,
      ),
    );
    await managed();
    const late = await worker();
    await late.drop();
  });

  test('what was removed while the broker was away is removed when it is back', async () => {
    const kept = await site.register();
    const leaver = await worker();
    await site.cluster.stop();
    await mosquitto.control('createRole', 'hedgerow/site1/0123456789abcdef01234567');
    await mosquitto.control('deleteClient', kept.id);
    await site.startCluster();
    await until('the account is back', async () => (await accounts()).includes(kept.id));
    await until(
      'the role is gone',
      async () => !(await roles()).some(name => name.endsWith('0123456789abcdef01234567')),
    );
    assert.ok((await accounts()).includes(leaver.id));
  });
});

describe('at a broker that makes no accounts', { skip: noMosquitto }, () => {
  test('one warning says so, and workers work', async () => {
    const mosquitto = await startMosquitto();
    const warned: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_, line) => warned.push(line), child: () => log };
    const site = await Site.start({ mqttUrl: mosquitto.url, mqttUser: 'cluster', mqttPassword: 'x' }, log);
    await until('the broker is connected', () => isReady(site));
    site.clock.advance(3000);
    const warnings = () => warned.filter(line => line.includes('left to the broker'));
    await until('the warning', () => warnings().length > 0);
    const worker = await site.worker();
    await worker.drop();
    await mosquitto.restart(false);
    await until('the broker is connected again', () => isReady(site));
    site.clock.advance(3000);
    assert.equal(warnings().length, 1);
    await site.stop();
    await mosquitto.stop();
  });

  test('with topic rights preset by hand, workers work and are kept apart by their names', async () => {
    const acl = join(import.meta.dirname, '../../../../docker/mosquitto/preset.acl');
    const mosquitto = await startMosquitto({ lines: [`acl_file ${acl}`] });
    const site = await Site.start({ mqttUrl: mosquitto.url, mqttUser: 'cluster', mqttAccounts: 'preset' });
    await until('the broker is connected', () => isReady(site));
    const [one, two] = [await site.worker(), await site.worker()];
    await site.place();
    const worker = await Promise.race([one, two].map(each => each.deploy().then(() => each)));
    const other = worker === one ? two : one;
    const seen: string[] = [];
    other.client.on('message', topic => seen.push(topic));
    await other.client.subscribeAsync('nodes/#', { qos: 1 });
    await worker.publish('presence', { online: true });
    await other.publish('presence', { online: true });
    await until('its own message is back', () => seen.includes(`nodes/${other.id}/presence`));
    assert.ok(!seen.includes(`nodes/${worker.id}/presence`));
    await site.stop();
    await mosquitto.stop();
  });
});
