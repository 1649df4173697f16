/** What is said on a line that never answers, and what becomes of it: no broker can be made to do that at will. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { hashInstances, type JobPayload, type Move, UP } from '@hedgerow/protos';
import type { Session } from './session.ts';
import { Uplink } from './uplink.ts';

const BEAT = 1000;
const JOB: JobPayload = {
  sname: 'a.b.c.d',
  service_id: 's',
  instance: 0,
  status: 'RUNNING',
  status_detail: '',
  publicip: '',
  namespace_ip: '',
  generation: 1,
  epoch: 1,
  logs: '',
};
const INFORMATION = { cpu_percent: 1, memory_percent: 2, memory: 3, vcpus: 4 };
const FAILED: Move = { at: 1, tier: 'worker', status: 'FAILED', detail: '', worker_id: 'w' };

/** Takes everything and acknowledges nothing. */
function silentSession() {
  const said: { leaf: string; payload: unknown }[] = [];
  const closed = Promise.withResolvers<void>();
  const unanswered: PromiseWithResolvers<void>[] = [];
  let aborted = false;
  const session: Session = {
    closed: closed.promise,
    resumed: true,
    publish: (leaf, payload) => void said.push({ leaf, payload }),
    publishAcknowledged(leaf, payload) {
      said.push({ leaf, payload });
      const answer = Promise.withResolvers<void>();
      unanswered.push(answer);
      return answer.promise;
    },
    abort() {
      aborted = true;
      for (const { reject } of unanswered) reject(new Error('the connection ended'));
      closed.resolve();
    },
    async end() {},
  };
  return { session, said, isAborted: () => aborted };
}

describe('an uplink', () => {
  let clock: ManualClock;
  let frozen: number;
  let reports: JobPayload[];
  let untold: JobPayload[];
  let uplink: Uplink;
  /** the broker remembers each session */
  let resumed: boolean;

  beforeEach(() => {
    clock = manualClock();
    frozen = 0;
    resumed = false;
    reports = [JOB];
    untold = [];
    uplink = new Uplink({
      clock: { ...clock, monotonic: () => clock.monotonic() + frozen },
      log: silentLogger,
      beat: BEAT,
      instances: () => ({
        reports: () => reports,
        beatInstances: () => reports.map(report => ({ ...report, instance_number: report.instance })),
        untold: () => untold.splice(0),
      }),
      information: anew => (anew && resumed ? INFORMATION : null),
    });
  });

  it('gives up a line that acknowledges no beat in two', async () => {
    const { session, isAborted } = silentSession();
    const served = uplink.serve(session);
    clock.advance(3 * BEAT - 1);
    assert.equal(isAborted(), false);
    clock.advance(1);
    assert.equal(isAborted(), true);
    await served;
  });

  it('waits once more after it stood still: the answer may lie there unread', async () => {
    const { session, said, isAborted } = silentSession();
    const served = uplink.serve(session);
    clock.advance(BEAT);
    frozen = 20_000;
    clock.advance(2 * BEAT);
    assert.equal(isAborted(), false);
    const presences = said.filter(({ leaf }) => leaf === UP.presence).map(({ payload }) => payload);
    const presence = { online: true, instances: hashInstances([{ ...JOB, instance_number: 0 }]), table: 0 };
    assert.deepEqual(presences, [presence, presence]);
    clock.advance(2 * BEAT);
    assert.equal(isAborted(), true);
    await served;
  });

  it('tells what the machine has once more when the line swallowed it', async () => {
    resumed = true;
    const first = silentSession();
    const served = uplink.serve(first.session);
    uplink.information(INFORMATION);
    first.session.abort();
    await served;
    const second = silentSession();
    const again = uplink.serve(second.session);
    assert.deepEqual(
      second.said.filter(({ leaf }) => leaf === UP.information).map(({ payload }) => payload),
      [INFORMATION],
    );
    second.session.abort();
    await again;
  });

  it('tells the end of what nobody here remembers when somebody is there', () => {
    const gone = { ...JOB, status: 'UNDEPLOYED', moves: [{ ...FAILED, status: 'UNDEPLOYED' }] };
    reports = [];
    assert.equal(uplink.job(gone), false);
    const { session, said } = silentSession();
    void uplink.serve(session);
    assert.deepEqual(
      said.filter(({ leaf }) => leaf === UP.job).map(({ payload }) => payload),
      [gone],
    );
    session.abort();
  });

  it('tells on the next line what the last one swallowed, and what nobody could be told', async () => {
    assert.equal(uplink.job(JOB), false, 'nobody is there');
    const first = silentSession();
    const served = uplink.serve(first.session);
    assert.equal(uplink.job({ ...JOB, status: 'FAILED', moves: [FAILED] }), true);
    first.session.abort();
    await served;
    untold = [{ ...JOB, instance: 1, moves: [FAILED] }];
    reports = [JOB, ...untold];
    const second = silentSession();
    void uplink.serve(second.session);
    const jobs = second.said
      .filter(({ leaf }) => leaf === UP.job)
      .map(({ payload }) => payload as JobPayload);
    assert.deepEqual(
      jobs.map(({ instance, status, moves }) => [instance, status, moves?.length]),
      [
        [1, 'RUNNING', 1],
        [0, 'RUNNING', 1],
      ],
    );
    second.session.abort();
  });
});
