/** Somebody who uses the API, and remembers what was answered: what was acknowledged must be so in the end. */
import { withdraw } from '@hedgerow/cluster-orchestrator/testing/parts';
import { messageOf } from '@hedgerow/common';
import type { Microservice } from '@hedgerow/protos';
import { type Instance, microservice, sla } from '@hedgerow/root-orchestrator/testing/parts';
import type { Sort } from './events.ts';
import { ada } from './tiers/root.ts';
import type { World } from './world.ts';

/** What a service should come to. */
export interface Wish {
  name: string;
  exists: 'yes' | 'no' | 'perhaps';
  /** instances, and how many more or fewer it may be because nobody answered */
  least: number;
  most: number;
  /** how often somebody removed one at a cluster */
  withdrawn: number;
}

const SORTS: Readonly<Record<Sort, Partial<Microservice>>> = {
  plain: {},
  once: { one_shot: true },
  never: { restart: { policy: 'never' } },
  waits: { on_cluster_loss: { action: 'wait' } },
  hasty: { on_cluster_loss: { action: 'replace', grace: 5 } },
  checked: { health_check: { type: 'exec', command: ['check'], interval: 2, timeout: 1, retries: 2 } },
};

/** MiB that an instance takes */
export const NEEDED = 50;

type Api = NonNullable<World['root']['running']>['api'];

export class Operator {
  readonly wishes = new Map<string, Wish>();
  /** of services whose creation was not answered; they may be there */
  readonly unanswered = new Set<string>();
  /** instances whose removal was acknowledged: who asks twice gets two answers and one removal */
  readonly #removed = new Set<string>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  deploy(application: string, services: number, replicas: number, sort: Sort): void {
    const described = Array.from({ length: services }, (_, index) =>
      microservice(`s${index}`, { memory: NEEDED, ...SORTS[sort] }),
    );
    this.unanswered.add(application);
    this.#ask(`deploy ${application}`, async ({ applications, instances }) => {
      const made = await applications.create(ada, sla(application, ...described));
      const ids = made.flatMap(({ microservices }) => microservices as string[]);
      for (const id of ids)
        this.wishes.set(id, { name: application, exists: 'yes', least: 0, most: 0, withdrawn: 0 });
      this.unanswered.delete(application);
      for (let index = 0; index < replicas; index++)
        for (const id of ids) await this.#more(id, () => instances.add(ada, id));
    });
  }

  scaleUp(pick: number): void {
    const id = this.#service(pick);
    if (id) this.#ask(`scale up ${id}`, ({ instances }) => this.#more(id, () => instances.add(ada, id)));
  }

  async scaleDown(pick: number): Promise<void> {
    const instance = await this.#instance(pick);
    if (!instance) return;
    const { service_id, instance_number, replaces } = instance;
    // one that an update made is made again
    const isAgain = (await this.instances()).some(other => other.instance_number === replaces);
    const wish = this.wishes.get(service_id);
    this.#ask(`scale down ${instance.id}`, async ({ instances }) => {
      if (wish) wish.least -= 1;
      await instances.remove(ada, service_id, instance_number);
      if (wish && !isAgain && !this.#removed.has(instance.id)) wish.most -= 1;
      this.#removed.add(instance.id);
    });
  }

  undeploy(pick: number): void {
    const id = this.#service(pick);
    const wish = id ? this.wishes.get(id) : undefined;
    if (!id || !wish) return;
    this.#ask(`undeploy ${id}`, async ({ services }) => {
      wish.exists = 'perhaps';
      await services.remove(ada, id);
      wish.exists = 'no';
    });
  }

  /** At the cluster, whether or not the root is in reach. */
  withdraw(cluster: string, pick: number): void {
    const running = this.#world.sites.find(({ host }) => host.name === cluster)?.host.running;
    if (!running) return;
    const there = running.state.instances.all().filter(({ desired }) => desired === 'run');
    const instance = there.sort((a, b) => (a.id < b.id ? -1 : 1))[Math.floor(pick * there.length)];
    if (!instance) return;
    const wish = this.wishes.get(instance.service_id);
    // it is not for the cluster to say when the root has placed it elsewhere meanwhile
    if (wish) {
      wish.least -= 1;
      wish.withdrawn += 1;
    }
    running.process.enter(() => {
      withdraw(running.parts.jobs, instance).then(
        () => this.#world.trace(`operator: withdrawn ${instance.id}`),
        (error: unknown) => this.#world.trace(`operator: not withdrawn ${instance.id}: ${messageOf(error)}`),
      );
    });
  }

  update(pick: number): void {
    const id = this.#service(pick);
    if (!id) return;
    const environment = [`TURN=${this.#world.timeline.now}`];
    this.#ask(`update ${id}`, ({ services }) =>
      services.update(ada, id, { whole: false, path: '', fields: { environment } }, ''),
    );
  }

  /** @returns takes everything back since then, but for what was said to the clusters */
  remember(): () => void {
    const wishes = [...this.wishes].map(([id, wish]) => [id, { ...wish }] as const);
    const removed = [...this.#removed];
    return () => {
      const since = new Map(this.wishes);
      this.wishes.clear();
      this.#removed.clear();
      for (const id of removed) this.#removed.add(id);
      for (const [id, wish] of wishes) {
        const withdrawn = since.get(id)?.withdrawn ?? wish.withdrawn;
        const least = wish.least - (withdrawn - wish.withdrawn);
        this.wishes.set(id, { ...wish, least, withdrawn });
      }
    };
  }

  /** Instances that are wanted, in the order of their ids. */
  async instances(): Promise<Instance[]> {
    return this.#world.root.stored.instances.find({ desired: 'run' });
  }

  async #instance(pick: number): Promise<Instance | undefined> {
    const all = await this.instances();
    return all[Math.floor(pick * all.length)];
  }

  #service(pick: number): string | undefined {
    const there = [...this.wishes].filter(([, { exists }]) => exists === 'yes').map(([id]) => id);
    return there[Math.floor(pick * there.length)];
  }

  async #more(id: string, add: () => Promise<unknown>): Promise<void> {
    const wish = this.wishes.get(id);
    if (wish) wish.most += 1;
    await add();
    if (wish) wish.least += 1;
  }

  /** Where there is no root nobody is asked, and what it does not answer may be done or not. */
  #ask(what: string, call: (api: Api) => Promise<unknown>): void {
    const { running } = this.#world.root;
    if (!running) return;
    running.process.enter(() => {
      call(running.api).then(
        () => this.#world.trace(`operator: ${what}: done`),
        (error: unknown) => {
          this.#world.trace(`operator: ${what}: ${messageOf(error)}`);
        },
      );
    });
  }
}
