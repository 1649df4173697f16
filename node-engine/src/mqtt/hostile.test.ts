/** Commands of every wrong shape: one line for each kind, and the next good one is carried out. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import { manualClock, Random } from '@hedgerow/common/testing';
import { DOWN, type DownTopic } from '@hedgerow/protos';
import { makeDeploy } from '../testing/deploys.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { WiringNet } from '../testing/wiring-net.ts';
import { removeData, report, startTestWorker, type TestWorker } from '../testing/worker.ts';
import { LARGEST_COMMAND } from './session.ts';

const DEPLOY = JSON.stringify(makeDeploy());
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const PAYLOADS: Record<string, string> = {
  nothing: '',
  'no JSON': '{"job_name":',
  'a number': '7',
  null: 'null',
  'a list': '[]',
  'an empty object': '{}',
  'no name': DEPLOY.replace('job_name', 'jobname'),
  'a name that is a list': '{"job_name":["a","b","c","d"]}',
  'a path for a name': '{"job_name":"../../etc/passwd","image":"x","instance_number":0}',
  'a number beyond all': '{"job_name":"a.b.c.d","image":"x","instance_number":1e300}',
  'a key of Object': '{"__proto__":{"image":"x"},"constructor":1,"job_name":"a.b.c.d","instance_number":0}',
  'lists within lists': `{"job_name":${deep(20_000)}}`,
  'much text': JSON.stringify({ job_name: 'x'.repeat(1_000_000) }),
  'too much': JSON.stringify({ job_name: 'x'.repeat(LARGEST_COMMAND) }),
  'entries that are none': '{"entries":[1,null]}',
  'a stream without a name': '{"stream_id":""}',
};

describe('hostile commands', () => {
  let cluster: TestCluster;
  let worker: TestWorker;
  const lines: string[] = [];
  const write = (fields: object, text: string) => {
    const line = `${JSON.stringify(fields)} ${text}`;
    if (/ignored/.test(text)) lines.push(line);
  };
  const log: Logger = { ...silentLogger, warn: write, error: write, child: () => log };
  const clock = manualClock();
  before(async () => {
    cluster = await startTestCluster();
    worker = await startTestWorker(cluster, '/nowhere/docker.sock', new WiringNet(), { log, clock });
  });
  after(async () => {
    await worker.stop();
    await cluster.stop();
    removeData(worker);
  });

  /** What was sent before it has been handled when it answers: commands are taken one by one. */
  const stillObeys = async (instance_number: number) => {
    await cluster.send(DOWN.deploy, makeDeploy({ instance_number }));
    await report(cluster, 'CREATING', instance_number);
  };

  it('of every wrong shape on every topic', async () => {
    const topics = Object.values(DOWN) as DownTopic[];
    for (const payload of Object.values(PAYLOADS))
      for (const topic of topics) await cluster.sendRaw(topic, payload);
    await stillObeys(1);
    assert.ok(lines.some(line => line.includes(`more than ${LARGEST_COMMAND} bytes`)));
    const aboutNames = lines.filter(line => line.includes('control/deploy: job_name is'));
    assert.equal(aboutNames.length, 1, 'a line for each kind');
    assert.equal(({} as { image?: string }).image, undefined);
    for (const line of lines) assert.ok(line.length < 1000, line.slice(0, 200));
    assert.ok(lines.length < 60, `${lines.length} lines`);
  });

  it('damaged by chance', async t => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    t.diagnostic(`SEED=${seed}`);
    const chance = new Random(seed);
    const topics = Object.values(DOWN) as DownTopic[];
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(DEPLOY);
      for (let flips = 1 + Math.floor(chance.next() * 5); flips > 0; flips--)
        bytes[Math.floor(chance.next() * bytes.length)] = Math.floor(chance.next() * 256);
      const topic = topics[Math.floor(chance.next() * topics.length)] as DownTopic;
      await cluster.sendRaw(topic, bytes.subarray(0, Math.ceil(chance.next() * bytes.length)));
    }
    await stillObeys(3);
  });

  it('the same a thousand times is one line, and a number a minute later', async () => {
    lines.length = 0;
    for (let time = 0; time < 1000; time++) await cluster.sendRaw(DOWN.probe, 'x'.repeat(time));
    for (let time = 0; time < 1000; time++) await cluster.sendRaw(DOWN.logs, '{"stream_id":"a","follow":7}');
    await stillObeys(2);
    assert.equal(lines.length, 1);
    clock.advance(60_000);
    const later = lines.filter(line => line.includes('follow'));
    assert.equal(later.length, 2);
    assert.match(later[1] ?? '', /"more":998\b/);
  });
});
