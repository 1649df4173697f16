import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { isErrorOf, openSqlite, type Store, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import {
  type AttachRequest,
  digestTable,
  type NetManager,
  NetRequestError,
  type TableEntry,
} from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { NetGateway } from './gateway.ts';
import { Withheld } from './withheld.ts';

const REGISTRATION = { client_id: 'w', subnet: '10.18.0.0', public_address: '192.0.2.1', tunnel_port: 50103 };
const ATTACH: AttachRequest = { pid: 1, serviceName: 'a.b.c.d', instanceNumber: 0, portMappings: '' };

function entry(job_name: string, removed = false): TableEntry {
  return { job_name, application_id: '', service_ip: '10.30.0.2', instances: [], removed };
}

/** Of worker w one instance, of another worker another one; both have the number 0 and 1. */
function serving(job_name: string): TableEntry {
  const place = { instance_ip: '', host_ip: '', host_port: 0, worker_subnet: '', cluster_id: '' };
  return {
    ...entry(job_name),
    instances: [
      { ...place, instance_number: 0, namespace_ip: '10.18.0.2', worker_id: 'w' },
      { ...place, instance_number: 1, namespace_ip: '10.18.0.66', worker_id: 'v' },
    ],
  };
}

function addressesOf({ instances }: TableEntry): string {
  return instances.length === 0 ? '' : `=${instances.map(i => i.namespace_ip || 'none').join('+')}`;
}

/** Notes what it is asked, and fails while `away`. */
class NotingNet implements NetManager {
  away = false;
  /** it does not know all calls */
  old = false;
  registered = false;
  attachments: { serviceName: string; instanceNumber: number; nsAddress: string; pid: number }[] = [];
  told = new Map<string, TableEntry>();
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
    this.#note(`table ${entries.map(e => e.job_name + addressesOf(e))}`);
    this.told = new Map(entries.map(e => [e.job_name, e]));
  }
  async setEntry(entry: TableEntry) {
    this.#note(`entry ${entry.job_name}${addressesOf(entry)}`);
    this.told.set(entry.job_name, entry);
  }
  async table() {
    if (this.away) throw new Error('connection refused');
    if (this.old) throw new NetRequestError('UNKNOWN_PATH', 404, 'there is no GET /table here');
    return [...this.told.values()];
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

  let store: Store;
  const begin = async () => {
    const withheld = await Withheld.load(store, silentLogger);
    return new NetGateway(net, { clock, log: silentLogger, withheld });
  };

  beforeEach(async () => {
    net = new NotingNet();
    clock = manualClock();
    store = openSqlite({ file: ':memory:', durability: 'normal' });
    gateway = await begin();
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

  describe('an instance that must not be asked', () => {
    const one = { serviceName: 'a.b.c.d', instanceNumber: 0 };
    const known = async () => {
      gateway.register(REGISTRATION);
      gateway.setTable([serving('a.b.c.d'), serving('other')]);
      await settled();
      net.asked.length = 0;
    };

    it('is out at once, and in again', async () => {
      await known();
      await gateway.exclude(one);
      assert.deepEqual(net.asked, ['entry a.b.c.d=none+10.18.0.66']);
      await gateway.exclude(one);
      gateway.include(one);
      gateway.include(one);
      await settled();
      assert.deepEqual(net.asked.slice(1), ['entry a.b.c.d=10.18.0.2+10.18.0.66']);
    });

    it('stays out, whatever the cluster tells meanwhile', async () => {
      await known();
      await gateway.exclude(one);
      gateway.setEntry(serving('a.b.c.d'));
      await settled();
      gateway.setTable([serving('a.b.c.d'), serving('other')]);
      await settled();
      assert.deepEqual(net.asked.slice(1), [
        'entry a.b.c.d=none+10.18.0.66',
        'table a.b.c.d=none+10.18.0.66,other=10.18.0.2+10.18.0.66',
      ]);
      assert.notEqual(gateway.tableDigest(), 0);
    });

    it('is told to a Net Manager that comes back, and holds nobody up while it is away', async () => {
      await known();
      net.away = true;
      await gateway.exclude(one);
      net.away = false;
      clock.advance(1000);
      await settled();
      assert.deepEqual(net.asked, ['register', 'table a.b.c.d=none+10.18.0.66,other=10.18.0.2+10.18.0.66']);
    });

    it('a copy of it on another worker may be asked', async () => {
      await known();
      await gateway.exclude({ ...one, instanceNumber: 1 });
      gateway.setEntry(serving('a.b.c.d'));
      await settled();
      assert.equal(net.asked.at(-1), 'entry a.b.c.d=10.18.0.2+10.18.0.66');
    });

    it('is forgotten without a word', async () => {
      await known();
      await gateway.exclude(one);
      gateway.forget(one);
      await settled();
      assert.equal(net.asked.length, 1);
      gateway.setEntry(serving('a.b.c.d'));
      await settled();
      assert.equal(net.asked.at(-1), 'entry a.b.c.d=10.18.0.2+10.18.0.66');
    });

    it('is out for the next engine, too, and in again without a word of the cluster', async () => {
      await known();
      await gateway.exclude(one);
      const changed = { ...serving('a.b.c.d'), application_id: 'changed' };
      gateway.setEntry(changed);
      await settled();
      await gateway.stop();
      gateway = await begin();
      gateway.register(REGISTRATION);
      await gateway.exclude(one);
      net.asked.length = 0;
      gateway.include(one);
      gateway.include(one);
      await settled();
      assert.deepEqual(net.asked, ['entry a.b.c.d=10.18.0.2+10.18.0.66']);
      await gateway.stop();
      gateway = await begin();
      gateway.register(REGISTRATION);
      gateway.setEntry(changed);
      await settled();
      assert.equal(net.asked.at(-1), 'entry a.b.c.d=10.18.0.2+10.18.0.66');
    });

    it('a service that the cluster has dropped does not come back with it', async () => {
      await known();
      await gateway.exclude(one);
      gateway.setTable([serving('other')]);
      await settled();
      net.asked.length = 0;
      gateway.include(one);
      await settled();
      assert.deepEqual(net.asked, []);
    });

    it('is out at once also for an engine that has begun without its cluster, and in again', async () => {
      await known();
      const digest = gateway.tableDigest();
      await gateway.stop();
      gateway = await begin();
      gateway.register(REGISTRATION);
      await settled();
      assert.deepEqual(net.asked, ['register'], 'it has the table already');
      assert.equal(gateway.tableDigest(), digest);
      await gateway.exclude(one);
      assert.equal(net.asked.at(-1), 'entry a.b.c.d=none+10.18.0.66');

      await gateway.stop();
      gateway = await begin();
      gateway.register(REGISTRATION);
      await settled();
      assert.equal(gateway.tableDigest(), digest, 'of what the cluster told, not of what is withheld');
      gateway.include(one);
      await settled();
      assert.deepEqual(net.asked.slice(1), [
        'entry a.b.c.d=none+10.18.0.66',
        'register',
        'entry a.b.c.d=10.18.0.2+10.18.0.66',
      ]);
    });

    it('is not remembered for ever when it was removed by an engine that died of it', async () => {
      await known();
      await gateway.exclude(one);
      await gateway.stop();
      const documents = store.collection('withheld', []);
      assert.equal((await documents.find()).length, 1);
      const withheld = await Withheld.load(store, silentLogger);
      withheld.keep(() => true);
      await withheld.settled();
      assert.equal((await documents.find()).length, 1);
      withheld.keep(() => false);
      await withheld.settled();
      assert.equal((await documents.find()).length, 0);
    });

    it('what the cluster tells while the Net Manager is asked counts', async () => {
      await known();
      await gateway.stop();
      gateway = await begin();
      gateway.register(REGISTRATION);
      const changed = { ...serving('a.b.c.d'), application_id: 'changed' };
      gateway.setEntry(changed);
      gateway.setEntry({ ...serving('other'), removed: true });
      await settled();
      assert.equal(gateway.tableDigest(), digestTable([changed]));
    });

    it('nothing is told without a table of the cluster, nor to a Net Manager that cannot say what it has', async () => {
      net.old = true;
      gateway.register(REGISTRATION);
      await settled();
      await gateway.exclude(one);
      assert.deepEqual(net.asked, ['register']);
    });
  });
});
