/** The disk of each tier is full for a while: new work is refused in words, what runs goes on, and then all is well again. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type SmallDisk, smallDisk } from '@hedgerow/common/testing';
import type { ApiService } from '@hedgerow/protos';
import { processesOf, runningCopies } from '../support/copies.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { call, login } from '../support/http.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import type { Snapshot } from '../support/snapshot.ts';
import {
  clientAndServers,
  descriptor,
  microservice,
  register,
  SLEEP,
  untilStatus,
} from '../support/stories.ts';
import { Traffic } from '../support/traffic.ts';

const TIERS = ['root', 'cluster', 'worker1'] as const;
/** A journal that was longer before has some room in it. */
const MOST_TRIES = 300;

describe('the disk is full', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let traffic: Traffic;
  let token: string;
  const disks = new Map<string, SmallDisk>();
  const disk = (name: string) => disks.get(name) as SmallDisk;

  before(async () => {
    fleet = await startFleet({
      workers: 1,
      async prepare(run) {
        for (const tier of TIERS) {
          const disk = smallDisk('16m');
          disks.set(tier, disk);
          symlinkSync(disk.path, join(run.dir, tier));
        }
        return {};
      },
    });
    clean = await fleetState(fleet);
    token = await login(fleet.root.url);
    const { server, caller } = await clientAndServers(fleet, 'calm', 2);
    traffic = await Traffic.start(fleet, caller, server.RR_ip);
  });
  after(async () => {
    await traffic?.stop();
    await fleet?.stop();
    for (const disk of disks.values()) disk.remove();
  });

  /** What ran before runs on, and every request is answered. */
  async function calmly(damage: () => Promise<void>): Promise<void> {
    const before = processesOf(await runningCopies(fleet, 'calm.'));
    await traffic.take();
    await damage();
    assert.deepEqual((await traffic.asked(50)).lost, []);
    assert.deepEqual(processesOf(await runningCopies(fleet, 'calm.')), before);
  }

  const newService = async (name: string): Promise<ApiService> => {
    const services = await register(fleet, descriptor(name, [microservice('one', { cmd: SLEEP })]));
    return services.get('one') as ApiService;
  };

  it('of the root: 507 with a word, reading goes on, and then there is room', () =>
    calmly(async () => {
      const service = await newService('rootfull');
      const url = `${fleet.root.url}/api/service/${service.microserviceID}/instance`;
      disk('root').fill();
      const refused = await refusal(() => call<Refusal>(url, 'POST', { token }));
      assert.deepEqual([refused.status, refused.body.error], [507, 'STORE_FULL']);
      assert.match(refused.body.message, /full/);
      const { instance_list } = await fleet.client.service(service.microserviceID);
      disk('root').clear();
      const again = await eventually(
        'an instance is taken again',
        () => call(url, 'POST', { token }),
        ({ status }) => status === 200,
      );
      assert.equal(again.status, 200);
      const now = await untilStatus(fleet, service, 'RUNNING');
      assert.equal(now.instance_list.length, instance_list.length + 1);
    }));

  it('of the cluster: the instance waits and says why, and then it runs', () => waits('cluster', /disk/));

  it('of the worker: the instance does not run there and says why, and then it runs', () =>
    waits('worker1', /disk|room/));

  it('and nothing is left', async () => {
    await traffic.stop();
    await assertNoLeaks(fleet, clean);
  });

  async function waits(tier: 'cluster' | 'worker1', why: RegExp): Promise<void> {
    await calmly(async () => {
      const service = await newService(`${tier}full`);
      disk(tier).fill();
      await eventually(
        'an instance that waits',
        async () => {
          await fleet.client.addInstance(service.microserviceID);
          return (await fleet.client.service(service.microserviceID)).instance_list;
        },
        all => all.some(({ status, status_detail }) => status !== 'RUNNING' && why.test(`${status_detail}`)),
        { timeout: 30_000, every: 200 },
      );
      disk(tier).clear();
      await untilStatus(fleet, service, 'RUNNING', 60_000);
    });
  }
});

interface Refusal {
  error: string;
  message: string;
}

async function refusal<R extends { status: number }>(ask: () => Promise<R>): Promise<R> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const answer = await ask();
    if (answer.status !== 200) return answer;
  }
  throw new Error(`${MOST_TRIES} times it was not refused`);
}
