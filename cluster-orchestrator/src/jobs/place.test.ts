import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { DOWN, type ServiceSpec, type TableEntry, type TableResultPayload } from '@hedgerow/protos';
import { makePlace } from '../testing/makers.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
beforeEach(async () => {
  site = await Site.start();
});
afterEach(() => site.stop());

describe('Place', () => {
  test('is answered, then the worker gets the table, then the order; the statuses go up', async () => {
    const worker = await site.worker();
    const answer = await site.place();
    assert.deepEqual([answer.accepted, answer.worker_id, answer.status], [true, worker.id, 'NODE_SCHEDULED']);
    const order = await worker.deploy();
    assert.equal(order._id, order.service_id);
    assert.deepEqual([order.instance_number, order.generation, order.epoch], [0, 1, 1]);
    assert.deepEqual(
      worker.inbox.all.map(message => message.leaf),
      [DOWN.table, DOWN.table, DOWN.deploy],
    );
    const { entries } = JSON.parse(worker.inbox.all[1]?.text ?? '');
    assert.deepEqual(
      entries.map((e: TableEntry) => [e.service_ip, e.instances.map(i => [i.worker_id, i.namespace_ip])]),
      [['10.30.30.30', [[worker.id, '']]]],
    );
    await site.root.report('NODE_SCHEDULED');
    await worker.say(order, 'RUNNING', '10.18.0.2');
    const report = await site.root.report('RUNNING');
    assert.deepEqual(
      [report.worker_id, report.namespace_ip, report.host_ip, report.host_port, report.worker_subnet],
      [worker.id, '10.18.0.2', '192.0.2.1', 50103, '10.18.0.0'],
    );
  });

  test('again with the same generation gets the same answer and does nothing else', async () => {
    const worker = await site.worker();
    const before = await site.place();
    await worker.run();
    await site.worker({ host: 'worker2', memory: 64_000 });
    const again = await site.place();
    assert.deepEqual([again.accepted, again.worker_id], [true, before.worker_id]);
    // what was sent before this has arrived when this is answered
    await site.place(
      { constraints: [{ type: 'direct', cluster: '', node: 'worker1' }] },
      { instance_number: 1 },
    );
    assert.equal((await worker.deploy()).instance_number, 1);
  });

  test('of a later placement than this disk remembers gets an epoch above it', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    const again = await site.place({}, { epoch: 5 });
    assert.deepEqual([again.accepted, again.worker_id], [true, worker.id]);
    assert.equal((await worker.deploy()).epoch, 6);
  });

  test('of one that this disk has forgotten stays with its worker, which is only awaited after a restart', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    await site.cluster.stop();
    await site.startCluster();
    const again = await site.place({}, { epoch: 5 });
    assert.deepEqual([again.accepted, again.worker_id], [true, worker.id]);
  });

  test('of one that waits goes on waiting as what this disk has forgotten, and is refused when it is asked for', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    await worker.drop();
    const dead = async () => site.root.inbox.untaken(m => m.reports?.reports[0]?.worker_id === '').length > 0;
    await until('its worker is dead', () => {
      site.clock.advance(1000);
      return dead();
    });
    assert.equal((await site.root.report('NO_QUALIFIED_WORKER_FOUND')).epoch, 1);
    site.root.send({ place: makePlace({}, { attempt_id: 'renew', epoch: 5 }) });
    assert.equal((await site.root.report('NO_QUALIFIED_WORKER_FOUND')).epoch, 5);
    assert.equal((await site.place({}, { epoch: 5 })).accepted, false);
    assert.deepEqual(
      site.root.inbox.untaken(m => m.body === 'place_answer'),
      [],
    );
  });

  test('with a newer generation goes to the same worker with a new epoch', async () => {
    await site.worker({ host: 'other' });
    const answer = await site.place();
    const worker = site.workers.find(w => w.id === answer.worker_id);
    await worker?.run();
    const again = await site.place({ image: 'hedgerow/demo:2' }, { generation: 2 });
    assert.equal(again.worker_id, answer.worker_id);
    const order = await worker?.deploy();
    assert.deepEqual([order?.image, order?.generation, order?.epoch], ['hedgerow/demo:2', 2, 2]);
  });

  const refusals: [title: string, Partial<ServiceSpec>, status: string, detail: RegExp][] = [
    [
      'memory',
      { memory: 5000 },
      'NO_WORKER_CAPACITY',
      /^needs 5000 MiB; the roomiest of 1 worker has 4000 MiB free$/,
    ],
    [
      'cores',
      { vcpus: 9 },
      'NO_WORKER_CAPACITY',
      /^needs 9 cores; the roomiest of 1 worker has 4 cores free$/,
    ],
    ['runtime', { virtualization: 'unikernel' }, 'NO_QUALIFIED_WORKER_FOUND', /^needs the runtime unikernel/],
    [
      'direct constraint',
      { constraints: [{ type: 'direct', cluster: 'site1', node: 'a;b' }] },
      'NO_QUALIFIED_WORKER_FOUND',
      /allows a, b; none of 1 worker has such a host name \(there are worker1\)$/,
    ],
  ];
  for (const [title, spec, status, detail] of refusals) {
    test(`is refused with a sentence: ${title}`, async () => {
      await site.worker();
      const answer = await site.place(spec);
      assert.deepEqual([answer.accepted, answer.worker_id, answer.status], [false, '', status]);
      assert.match(answer.status_detail, detail);
    });
  }

  test('that comes again and again is told once per reason', async () => {
    const told: string[] = [];
    const info = (_: object, message: string) => void (message.startsWith('refused') && told.push(message));
    const log = { ...silentLogger, info, child: () => log };
    const other = await Site.start({}, log);
    try {
      for (let n = 0; n < 3; n++) await other.place();
      assert.deepEqual(told, ['refused: this cluster has no workers']);
      await other.worker();
      assert.ok((await other.place()).accepted);
      for (let n = 0; n < 3; n++) await other.place({ memory: 5000 }, { instance_number: 1 });
      assert.equal(told.length, 2);
    } finally {
      await other.stop();
    }
  });

  test('is refused while the cluster has no workers', async () => {
    const answer = await site.place();
    assert.equal(answer.status_detail, 'this cluster has no workers');
  });

  test('is bound by a direct constraint', async () => {
    await site.worker({ host: 'a' });
    const b = await site.worker({ host: 'b' });
    const constraints = [{ type: 'direct', cluster: 'site1', node: 'x;b' }];
    for (const instance_number of [0, 1, 2]) {
      assert.equal((await site.place({ constraints }, { instance_number })).worker_id, b.id);
    }
  });

  test('never puts two instances on one host port', async () => {
    const worker = await site.worker();
    const port = '8080:80/tcp';
    assert.ok((await site.place({ port })).accepted);
    const second = await site.place({ port }, { instance_number: 1 });
    assert.deepEqual(
      [second.status, second.status_detail],
      ['NO_WORKER_CAPACITY', 'needs host port 8080/tcp; it is taken on worker1'],
    );
    await worker.run();
    site.root.send({
      remove: { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0, request_id: '' },
    });
    await worker.remove();
    await site.root.report('UNDEPLOYED');
    assert.ok((await site.place({ port }, { instance_number: 1 })).accepted);
  });

  test('never puts two of 70 % on one worker, however fast they come', async () => {
    await site.worker();
    await site.worker({ host: 'worker2' });
    const answers = await Promise.all(
      [0, 1, 2].map(instance_number => site.place({ memory: 2800 }, { instance_number })),
    );
    const accepted = answers.filter(answer => answer.accepted);
    assert.equal(new Set(accepted.map(answer => answer.worker_id)).size, 2);
    assert.equal(accepted.length, 2);
    const refused = answers.find(answer => !answer.accepted);
    assert.equal(refused?.status_detail, 'needs 2800 MiB; the roomiest of 2 workers has 1200 MiB free');
  });

  test('spreads the instances of a service over the workers', async () => {
    await site.worker();
    await site.worker({ host: 'worker2', memory: 64_000, vcpus: 64 });
    const counts = new Map<string, number>();
    for (const instance_number of [0, 1, 2, 3]) {
      const { worker_id } = await site.place({}, { instance_number });
      counts.set(worker_id, (counts.get(worker_id) ?? 0) + 1);
    }
    assert.deepEqual([...counts.values()], [2, 2]);
  });
});

describe('Remove', () => {
  const ref = { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0 };

  test('is carried out by the worker before the root is told, and leaves nothing', async () => {
    const worker = await site.worker();
    await site.place({ port: '80' });
    await worker.run();
    await site.root.report('RUNNING');
    site.root.send({ remove: { ...ref, request_id: '' } });
    assert.equal((await worker.next<{ job_name: string }>(DOWN.delete)).job_name, 'shop.test.web.test');
    assert.equal(
      site.root.inbox.untaken(m => m.reports?.reports.some(r => r.status === 'UNDEPLOYED') ?? false).length,
      0,
    );
    site.root.send({ remove: { ...ref, request_id: '' } });
    await worker.remove();
    await site.root.report('UNDEPLOYED');
    const { workers } = (await (await fetch(`${site.cluster.url}/api/workers`)).json()) as {
      workers: { reserved: unknown; instances: number }[];
    };
    assert.deepEqual(
      workers.map(w => [w.reserved, w.instances]),
      [[{ vcpus: 0, memory: 0, ports: [] }, 0]],
    );
  });

  test('of one of several: it is in no map any more for a while before its program is stopped', async () => {
    const worker = await site.worker();
    for (const instance_number of [0, 1]) {
      await site.place({}, { instance_number });
      await worker.run(`10.18.0.${instance_number + 2}`);
      await site.root.report('RUNNING');
    }
    site.root.send({ remove: { ...ref, request_id: '' } });
    const without = ({ instance_list }: TableResultPayload) =>
      instance_list.length === 1 && instance_list[0]?.instance_number === 1;
    await worker.tableResult(without);
    site.clock.advance(249);
    await worker.sync();
    assert.equal(worker.waiting(DOWN.delete), 0);
    site.clock.advance(1);
    assert.equal((await worker.remove()).instance_number, 0);
  });

  test('of what is not there is reported as done', async () => {
    site.root.send({ remove: { ...ref, request_id: '' } });
    const report = await site.root.report('UNDEPLOYED');
    assert.deepEqual([report.service_id, report.instance_number], [ref.service_id, 0]);
  });

  test('and Place again: the late word of the removed copy says nothing of the new one', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    site.root.send({ remove: { ...ref, request_id: '' } });
    const again = await site.place({}, { generation: 1 });
    assert.equal(again.accepted, true);
    const order = await worker.deploy();
    assert.equal(order.epoch, 2);
    await worker.remove();
    await worker.say(order, 'RUNNING', '10.18.0.9');
    assert.equal((await site.root.report('RUNNING')).epoch, 1);
    const report = await site.root.inbox.take(
      'second RUNNING',
      m => m.reports?.reports.some(r => r.status === 'RUNNING' && r.epoch === 2) ?? false,
    );
    assert.equal(report.reports?.reports[0]?.namespace_ip, '10.18.0.9');
  });
});

describe('deadlines', () => {
  test('an order that is not taken up is sent again, then another worker gets it', async () => {
    const first = await site.worker();
    const { worker_id } = await site.place();
    assert.equal(worker_id, first.id);
    const second = await site.worker({ host: 'worker2' });
    await first.deploy();
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 1000) {
        site.clock.advance(1000);
        await first.beat();
        await second.beat();
      }
    };
    await pass(15_000);
    assert.equal((await first.deploy()).epoch, 1);
    await pass(15_000);
    const order = await second.deploy();
    assert.equal(order.epoch, 2);
    await first.remove();
    const report = await site.root.report('NODE_SCHEDULED');
    assert.equal(report.epoch, 1);
    await second.say(order, 'RUNNING', '10.18.0.66');
    assert.equal((await site.root.report('RUNNING')).worker_id, second.id);
  });

  test('an instance that its worker gave up is placed again after ten minutes', async () => {
    const worker = await site.worker();
    await site.place();
    const order = await worker.deploy();
    await worker.say(order, 'FAILED', '', 'no such image');
    await site.root.report('FAILED');
    for (let left = 640; left > 0; left -= 2) {
      site.clock.advance(2000);
      await worker.beat();
    }
    const again = await worker.deploy();
    assert.equal(again.epoch, 2);
    const { workers } = (await (await fetch(`${site.cluster.url}/api/workers`)).json()) as {
      workers: { reserved: { memory: number } }[];
    };
    assert.equal(workers[0]?.reserved.memory, 100);
    const report = await site.root.inbox.take(
      'placed again',
      m => m.reports?.reports.some(r => r.epoch === 2) ?? false,
    );
    assert.match(
      report.reports?.reports[0]?.status_detail ?? '',
      /^FAILED for more than 600 s on worker worker1 \(no such image\)$/,
    );
  });

  test('a removal that is not carried out is told again', async () => {
    const worker = await site.worker();
    await site.place();
    await worker.run();
    site.root.send({
      remove: { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0, request_id: '' },
    });
    await worker.next(DOWN.delete);
    for (let left = 30; left > 0; left -= 2) {
      site.clock.advance(2000);
      await worker.beat();
    }
    await worker.next(DOWN.sync);
    await worker.remove();
    await site.root.report('UNDEPLOYED');
  });
});
