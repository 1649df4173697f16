/** A cluster that knows several roots, of which one leads. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type HandRoot, startHandRoot } from '../testing/hand-root.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let first: HandRoot;
let second: HandRoot;
let site: Site | undefined;

beforeEach(async () => {
  first = await startHandRoot();
  second = await startHandRoot();
});
afterEach(async () => {
  await site?.stop();
  site = undefined;
  await first.stop();
  await second.stop();
});

const both = () => `${first.address}, ${second.address}`;
/** A moment for what the turned clock has set off: real sockets. */
async function pass(ms: number): Promise<void> {
  site?.clock.advance(ms);
  await new Promise(resolve => setTimeout(resolve, 5));
}

async function isConnected(): Promise<boolean> {
  const answer = await fetch(`${site?.cluster.url}/api/cluster/status`);
  return ((await answer.json()) as { connected_to_root: boolean }).connected_to_root;
}

const hellosAt = (root: HandRoot) => root.inbox.all.filter(message => message.hello).length;

test('the one that leads is found without a wait', async () => {
  first.obliging.leader = '';
  site = await Site.start({ root: both() }, undefined, second);
  assert.deepEqual([hellosAt(first), hellosAt(second)], [0, 1]);
});

test('one that a root names is dialed, though the settings do not know it', async () => {
  first.obliging.leader = second.address;
  site = await Site.start({ root: first.address }, undefined, second);
  assert.equal(hellosAt(second), 1);
});

test('when the leading one dies, the other is asked every second at least, until it leads', async () => {
  site = await Site.start({ root: both() }, undefined, first);
  second.obliging.leader = first.address;
  await first.stop();
  await until('the loss is noticed', async () => !(await isConnected()));
  for (let n = 0; n < 300; n += 1) await pass(100);
  second.obliging.leader = null;
  let waited = 0;
  await until('the other has the stream', async () => {
    waited += 50;
    await pass(50);
    return hellosAt(second) > 0;
  });
  assert.ok(waited <= 2000, `${waited} ms`);
  await until('it is welcome', isConnected);
});

test('a root whose epoch is smaller than one that was seen is left, and the later one found again', async () => {
  first.obliging.epoch = 4;
  site = await Site.start({ root: both() }, undefined, first);
  second.obliging.epoch = 3;
  first.obliging.leader = '';
  first.cut();
  await until('the stale one was tried', () => {
    site?.clock.advance(100);
    return hellosAt(second) > 0;
  });
  assert.equal(second.inbox.all.find(message => message.hello)?.hello?.epoch, 4);
  first.obliging.leader = null;
  first.obliging.epoch = 5;
  await until('the later one has the stream', () => {
    site?.clock.advance(100);
    return hellosAt(first) === 2;
  });
});

test('the epoch is known after a restart; a root with a store of its own is welcome all the same', async () => {
  first.obliging.epoch = 4;
  site = await Site.start({ root: first.address }, undefined, first);
  await site.cluster.stop();
  first.obliging.epoch = 0;
  await site.startCluster();
  assert.deepEqual(
    first.inbox.all.flatMap(message => (message.hello ? [message.hello.epoch] : [])),
    [0, 4],
  );
});
