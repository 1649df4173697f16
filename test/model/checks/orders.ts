/** What a worker has to run it runs, whether or not anybody is in reach. */
import type { WorkerHost } from '../tiers/worker.ts';
import type { World } from '../world.ts';

/** ms that an image may take, the tries after a failed pull, and more than that */
const STARTED = 90_000;

export class OrdersWatch {
  readonly #world: World;
  /** since when each worker could run what it has to (ms) */
  readonly #able = new Map<WorkerHost, number>();
  /** of each worker what it does not run, and since when */
  readonly #lacking = new Map<WorkerHost, ReadonlyMap<string, number>>();
  /** workers that had something to run when they were seen last */
  readonly #hadOrders = new Set<WorkerHost>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns what is wrong, one sentence each */
  check(): string[] {
    return this.#world.workers.flatMap(worker => this.#check(worker));
  }

  #check(worker: WorkerHost): string[] {
    const { now } = this.#world.timeline;
    const isAble = worker.process?.isAwake === true && worker.dock.isUp && !worker.disk.isFull;
    if (!isAble) this.#able.delete(worker);
    const able = this.#able.get(worker) ?? now;
    if (isAble) this.#able.set(worker, able);
    const known = this.#lacking.get(worker);
    const lacking = new Map(this.#lacks(worker).map(key => [key, known?.get(key) ?? now]));
    this.#lacking.set(worker, lacking);
    return [...lacking].flatMap(([key, since]) =>
      now - Math.max(since, able) > STARTED
        ? [
            `${worker.name} has not run ${key} for more than ${STARTED / 1000} s, and nothing keeps it from that`,
          ]
        : [],
    );
  }

  #lacks(worker: WorkerHost): string[] {
    const { node, dock } = worker;
    if (!node) return this.#hadOrders.has(worker) ? ['what it had to run'] : [];
    const wanted = node.slots().filter(slot => slot.desired !== null && slot.desired.ended === null);
    if (wanted.length > 0) this.#hadOrders.add(worker);
    else this.#hadOrders.delete(worker);
    const serving = new Set(
      dock.serving().map(({ request: { deploy } }) => `${deploy.job_name}/${deploy.instance_number}`),
    );
    return wanted
      .filter(({ key, jobName, cancelWait }) => {
        const isExcused = cancelWait !== null || this.#world.failing.has(jobName);
        return !serving.has(key) && !isExcused;
      })
      .map(({ key }) => key);
  }
}
