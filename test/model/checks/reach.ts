/** From one place a service IP never leads to two running copies of one instance, and no address has two owners. */
import type { Container } from '../machine/dock.ts';
import type { WorkerHost } from '../tiers/worker.ts';
import type { World } from '../world.ts';

interface Copy {
  key: string;
  worker: WorkerHost;
  container: Container;
}

/** @returns what is wrong, one sentence each */
export function checkReach(world: World): string[] {
  const copies = copiesByAddress(world);
  const doubled = [...copies].flatMap(([address, owners]) =>
    owners.length > 1 ? [`${address} has two owners: ${owners.map(nameOf).join(', ')}`] : [],
  );
  return [...doubled, ...world.workers.flatMap(worker => checkMaps(worker, copies))];
}

function copiesByAddress(world: World): Map<string, Copy[]> {
  const copies = new Map<string, Copy[]>();
  for (const worker of world.workers) {
    const serving = new Map(worker.dock.serving().map(container => [container.pid, container]));
    for (const [key, { address, pid, sandbox }] of worker.kernel.state.attachments) {
      const container = serving.get(pid);
      if (!container || sandbox === '') continue;
      copies.set(address, [...(copies.get(address) ?? []), { key, worker, container }]);
    }
  }
  return copies;
}

function checkMaps(worker: WorkerHost, copies: ReadonlyMap<string, readonly Copy[]>): string[] {
  const found: string[] = [];
  for (const [serviceIp, instances] of worker.kernel.maps())
    for (const [key, addresses] of instances) {
      const reached = [...addresses]
        .flatMap(address => copies.get(address) ?? [])
        .filter(it => it.key === key);
      if (reached.length > 1)
        found.push(
          `from ${worker.name} ${serviceIp} leads to two of ${key}: ${reached.map(nameOf).join(', ')}`,
        );
    }
  return found;
}

function nameOf({ key, worker, container }: Copy): string {
  const { generation, epoch } = container.request.deploy;
  return `${key} on ${worker.name} (generation ${generation}, epoch ${epoch})`;
}
