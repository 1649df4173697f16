import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { isErrorOf, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { AttachRequest, NetManager, TableEntry } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { NetGateway } from './gateway.ts';

const REGISTRATION = { client_id: 'w', subnet: '10.18.0.0', public_address: '192.0.2.1', tunnel_port: 50103 };
const ATTACH: AttachRequest = { pid: 1, serviceName: 'a.b.c.d', instanceNumber: 0, portMappings: '' };

function entry(job_name: string, removed = false): TableEntry {
  return { job_name, application_id: '', service_ip: '10.30.0.2', instances: [], removed };
}

/** Notes what it is asked, and fails while `away`. */
class NotingNet implements NetManager {
  away = false;
  registered = false;
  attachments: { serviceName: string; instanceNumber: number; nsAddress: string; pid: number }[] = [];
  readonly asked: string[] = [];

  async register() {
    this.#note('register');
    this.registered = true;
  }
  async attach({ serviceName }: AttachRequest) {
    this.#note('attach');
    if (!this.registered) throw new Error('not registered');
    return { serviceName, nsAddress: '10.18.0.2', nsAddressv6: '' };
  }
  async detach({ serviceName }: { serviceName: string }) {
    this.#note(`detach ${serviceName}`);
  }
  async setTable(entries: TableEntry[]) {
    this.#note(`table ${entries.map(e => e.job_name)}`);
  }
  async setEntry({ job_name }: TableEntry) {
    this.#note(`entry ${job_name}`);
  }
  async status() {
    const { registered, attachments } = this;
    return {
      registered,
      worker_id: 'w',
      subnet: '',
      attachments,
      services: 0,
      problems: [],
      overlay: { received_bytes: 0, sent_bytes: 0 },
    };
  }
  #note(what: string): void {
    if (this.away) throw new Error('connection refused');
    this.asked.push(what);
  }
}

describe('net gateway', () => {
  let net: NotingNet;
  let clock: ManualClock;
  let gateway: NetGateway;
  const settled = () => new Promise(resolve => setImmediate(resolve));

  beforeEach(() => {
    net = new NotingNet();
    clock = manualClock();
    gateway = new NetGateway(net, clock, silentLogger);
  });

  it('puts table changes that came first in force before it attaches', async () => {
    gateway.register(REGISTRATION);
    await settled();
    gateway.setTable([entry('one')]);
    await settled();
    gateway.setEntry(entry('two'));
    assert.equal((await gateway.attach(ATTACH)).nsAddress, '10.18.0.2');
    assert.deepEqual(net.asked, ['register', 'table one', 'entry two', 'attach']);
  });

  it('tells what has gathered at once', async () => {
    gateway.register(REGISTRATION);
    gateway.setTable([entry('one')]);
    gateway.setEntry(entry('two'));
    await gateway.attach(ATTACH);
    assert.deepEqual(net.asked, ['register', 'table one,two', 'attach']);
  });

  it('waits for a Net Manager that comes later', async () => {
    net.away = true;
    gateway.register(REGISTRATION);
    let waits = 0;
    const ready = gateway.ready(() => waits++);
    await settled();
    assert.equal(waits, 1);
    net.away = false;
    clock.advance(1000);
    await ready;
    assert.deepEqual(net.asked, ['register']);
    await gateway.ready(() => assert.fail('it is ready'));
  });

  it('tells everything again to a Net Manager that has forgotten', async () => {
    gateway.register(REGISTRATION);
    gateway.setTable([entry('one'), entry('two')]);
    gateway.setEntry(entry('three'));
    gateway.setEntry(entry('two', true));
    await settled();
    net.asked.length = 0;
    net.registered = false;
    await gateway.attach(ATTACH);
    assert.deepEqual(net.asked, ['attach', 'register', 'table one,three', 'attach']);
  });

  it('does not tell a table that the cluster has not told', async () => {
    gateway.register(REGISTRATION);
    await settled();
    assert.deepEqual(net.asked, ['register']);
  });

  it('says why the network cannot be attached', async () => {
    gateway.register(REGISTRATION);
    await settled();
    net.away = true;
    await assert.rejects(
      () => gateway.attach(ATTACH),
      (error: Error) =>
        isErrorOf(error, ERRORS.NETWORK_FAILED) &&
        error.message === 'the network could not be attached: connection refused',
    );
  });

  it('detaches later what it cannot detach now', async () => {
    gateway.register(REGISTRATION);
    await settled();
    net.away = true;
    await gateway.detach({ serviceName: 'a.b.c.d', instanceNumber: 0 });
    net.away = false;
    net.asked.length = 0;
    clock.advance(1000);
    await settled();
    assert.deepEqual(net.asked, ['register', 'detach a.b.c.d']);
  });

  it('detaches what an earlier engine left', async () => {
    const attachment = { nsAddress: '', pid: 0 };
    net.attachments = [
      { serviceName: 'kept', instanceNumber: 0, ...attachment },
      { serviceName: 'left', instanceNumber: 3, ...attachment },
    ];
    await gateway.detachOthers(key => key === 'kept/0');
    assert.deepEqual(net.asked, ['detach left']);
  });
});
