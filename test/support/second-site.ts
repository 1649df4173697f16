/** Another cluster of a fleet's root, with a worker of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, type Cluster, endProcess, startChild } from '@hedgerow/cli';
import { killCopy, runningCopies } from './copies.ts';
import type { TestFleet } from './fleet.ts';

const PORT = 10100;

export class SecondSite {
  /** also of its machine */
  static readonly NAME = 'second';
  static readonly WORKER = 'worker9';
  /** for `machines` of the fleet */
  static readonly MACHINES = [SecondSite.NAME, SecondSite.WORKER];
  readonly #fleet: TestFleet;
  readonly #root: string;
  #child: Child | null = null;

  /** @param root address of the root, as this site reaches it */
  constructor(fleet: TestFleet, root: string) {
    this.#fleet = fleet;
    this.#root = root;
  }

  async start(): Promise<void> {
    const { namespace, address } = this.#fleet.machine(SecondSite.NAME);
    const data = join(this.#fleet.run.dir, SecondSite.NAME);
    const place = ['--host', address, '--address', address, '--port', `${PORT}`, '--data', data];
    this.#child = await startChild(this.#fleet.run, {
      name: SecondSite.NAME,
      role: 'cluster',
      from: 'source',
      args: ['--name', SecondSite.NAME, '--root', this.#root, ...place],
      env: { ROOT_TOKEN: readFileSync(join(this.#fleet.root.data, 'cluster-token'), 'utf8').trim() },
      namespace,
    });
    const cluster: Cluster = { name: SecondSite.NAME, namespace, address, data, child: this.#child };
    await this.#fleet.startWorker(SecondSite.WORKER, cluster);
  }

  /** As without power: processes and programs end, nothing is said. */
  async kill(): Promise<void> {
    if (this.#child) await endProcess(this.#child.id, 0);
    await this.#fleet.stopWorker(SecondSite.WORKER, 0);
    for (const copy of await runningCopies(this.#fleet))
      if (copy.worker === SecondSite.WORKER) killCopy(copy);
  }
}
