import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger } from '@hedgerow/common';
import type { Exec } from '../exec/exec.ts';
import { deletions, Flows } from './conntrack.ts';

const LISTING = [
  'udp      17 29 src=10.18.0.2 dst=10.30.0.9 sport=5 dport=7 [UNREPLIED] src=10.18.0.66 dst=10.18.0.2 sport=7 dport=5 mark=0 use=1',
  'tcp      6 431999 ESTABLISHED src=10.18.0.2 dst=10.30.0.9 sport=6 dport=7 src=10.18.0.67 dst=10.18.0.2 sport=7 dport=6 [ASSURED] mark=0 use=1',
  'tcp      6 431999 ESTABLISHED src=10.18.0.3 dst=192.0.2.1 sport=6 dport=7 src=192.0.2.1 dst=192.168.1.1 sport=7 dport=6 [ASSURED] mark=0 use=1',
  '',
].join('\n');

test('only flows that are there and severed are deleted', () => {
  const of = (parted: [string, string][], left: string[]) => deletions(LISTING, [{ parted, left }]);
  assert.deepEqual(of([['10.30.0.9', '10.18.0.66']], []), ['-D -d 10.30.0.9 -r 10.18.0.66']);
  assert.deepEqual(of([['10.30.0.8', '10.18.0.66']], []), []);
  assert.deepEqual(of([], ['10.18.0.3']), ['-D -s 10.18.0.3'], 'what it had opened itself');
  assert.deepEqual(of([], ['10.18.0.67']), ['-D -r 10.18.0.67'], 'what was sent to it');
  assert.deepEqual(of([], ['10.18.0.99']), []);
});

test('who asks for something to be forgotten does not wait for what others ask for later', async () => {
  const listings: (() => void)[] = [];
  const list = () => new Promise<string>(resolve => listings.push(() => resolve(LISTING)));
  const exec: Partial<Exec> = { list, batch: async () => {} };
  const flows = new Flows(exec as Exec, silentLogger);
  await flows.settled();
  const settled: string[] = [];
  const forget = (name: string) => {
    flows.forget({ parted: [], left: ['10.18.0.2'] });
    void flows.settled().then(() => settled.push(name));
  };
  const answered = async () => {
    listings.shift()?.();
    await new Promise(setImmediate);
  };
  forget('first');
  forget('second');
  forget('third');
  await answered();
  forget('fourth');
  assert.deepEqual(settled, ['first']);
  await answered();
  assert.deepEqual(settled, ['first', 'second', 'third'], 'together, and not with the fourth');
  await answered();
  assert.deepEqual(settled.length, 4);
  await flows.settled();
  assert.equal(listings.length, 0);
});
