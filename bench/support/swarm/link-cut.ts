/** The peer's arm of `recovery`: two replicas of a service, the link of a worker with one of them is cut. */
import { Lifecycle } from '@hedgerow/common';
import type { BenchContext } from '../bench.ts';
import { BENCH_IMAGE } from '../docker/image.ts';
import { SLEEPER } from '../docker/program.ts';
import { waitUntil } from '../wait.ts';
import { type Swarm, type SwarmNode, startSwarm } from './swarm.ts';

const LIMIT_MS = 120_000;
const SERVICE = 'pair';

/** ms. */
export interface SwarmCut {
  /** until two replicas run on workers that are there */
  replaced: number;
  /** from the return of the link until the old copy is gone */
  cleared: number;
}

export async function swarmLinkCut({ life, say }: BenchContext, rounds: number): Promise<SwarmCut[]> {
  say(`the same in Swarm, ${rounds} times`);
  const own = new Lifecycle();
  life.add('swarm', () => own.stop());
  const swarm = await startSwarm(own, 3);
  await createPair(swarm);
  const cuts: SwarmCut[] = [];
  for (let at = 0; at < rounds; at++) cuts.push(await cutOneOfTwo(swarm));
  await swarm.manager.docker('service', 'rm', SERVICE);
  await Promise.all(swarm.workers.map(isEmpty));
  await own.stop();
  return cuts;
}

/** No delay before a restart: Swarm's default of 5 s is a setting, not what it can do. */
async function createPair({ manager }: Swarm): Promise<void> {
  const wish = ['--name', SERVICE, '--replicas', '2', '--restart-delay', '0s', '--init', '--network', 'host'];
  const image = ['--no-resolve-image', '--detach', BENCH_IMAGE, ...SLEEPER];
  await manager.docker('service', 'create', ...wish, ...image);
}

async function cutOneOfTwo(swarm: Swarm): Promise<SwarmCut> {
  const [where] = await bothRun(swarm, () => true);
  const lost = swarm.workers.find(({ name }) => name === where) as SwarmNode;
  const setLink = (state: string) => lost.station.netns.run('ip', 'link', 'set', lost.uplink, state);
  const begin = performance.now();
  await setLink('down');
  let replaced = Number.NaN;
  try {
    await bothRun(swarm, node => node !== lost.name);
    replaced = performance.now() - begin;
  } finally {
    await setLink('up');
  }
  const back = performance.now();
  await isEmpty(lost);
  const cleared = performance.now() - back;
  await waitUntil('every node ready', LIMIT_MS, 100, async () => {
    const states = await swarm.manager.docker('node', 'ls', '--format', '{{.Status}}');
    return !/Down|Unknown/.test(states);
  });
  return { replaced, cleared };
}

function isEmpty(node: SwarmNode): Promise<boolean> {
  return waitUntil(
    `no container on ${node.name}`,
    LIMIT_MS,
    50,
    async () => (await node.docker('ps', '-q')) === '',
  );
}

/** @returns names of the workers that the manager shows two running replicas on, all of them as wanted */
function bothRun({ manager }: Swarm, wanted: (node: string) => boolean): Promise<string[]> {
  const query = ['service', 'ps', SERVICE, '--filter', 'desired-state=running', '--format'];
  return waitUntil('two replicas', LIMIT_MS, 50, async () => {
    const lines = (await manager.docker(...query, '{{.Node}} {{.CurrentState}}')).trim().split('\n');
    const nodes = lines.flatMap(line => /^(\S+) Running/.exec(line)?.[1] ?? []);
    return nodes.length === 2 && nodes.every(wanted) && nodes;
  });
}
