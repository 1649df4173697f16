/** Makes an event happen, and ends it when its time is over. */
import { type Event, type First, printEvent } from './events.ts';
import type { Operator } from './operator.ts';
import type { Host } from './tiers/host.ts';
import type { WorkerHost } from './tiers/worker.ts';
import type { Site, World } from './world.ts';

export class Acts {
  readonly #world: World;
  readonly #operator: Operator;
  /** what lasts still, and how it ends */
  readonly #lasting = new Set<() => void>();
  /** when it is needed → puts the root's store back to it */
  readonly #backups = new Map<number, () => Promise<void>>();

  constructor(world: World, operator: Operator) {
    this.#world = world;
    this.#operator = operator;
  }

  schedule(events: readonly Event[]): void {
    for (const event of events) {
      if (event.kind === 'restore')
        this.#world.timeline.after(event.at - event.age, () => void this.#backUp(event.at));
      this.#world.timeline.after(event.at, () => this.#act(event));
    }
  }

  /** As `hedge backup` makes one, and what the operator knew then. */
  async #backUp(at: number): Promise<void> {
    const { root } = this.#world;
    const remembered = this.#operator.remember();
    const documents = await root.disk.backup();
    this.#backups.set(at, async () => {
      await root.restore(documents);
      remembered();
    });
  }

  /** Everything is as it should be from here on, but for what the damage has left. */
  healAll(): void {
    for (const end of [...this.#lasting]) end();
  }

  /** @returns what nobody waits for */
  #act(event: Event): unknown {
    this.#world.trace(`EVENT ${printEvent(event)}`);
    this.#world.dirty = true;
    switch (event.kind) {
      case 'deploy':
        return this.#operator.deploy(`app${event.application}`, event.services, event.replicas, event.sort);
      case 'scale-up':
        return this.#operator.scaleUp(event.pick);
      case 'scale-down':
        return this.#operator.scaleDown(event.pick);
      case 'undeploy':
        return this.#operator.undeploy(event.pick);
      case 'withdraw':
        return this.#operator.withdraw(event.who, event.pick);
      case 'update':
        return this.#operator.update(event.pick);
      case 'kill-container':
        return this.#killContainer(event.pick);
      case 'crash-loop':
        return this.#crashLoop(event.pick, event.ms);
      case 'break':
        return this.#break(event.line);
      case 'cut':
        return this.#cut(line => line === event.line, event.ms);
      case 'freeze':
        return this.#freeze(event.who, event.first, event.ms);
      case 'blackout':
        return this.#blackout(this.#site(event.who), event);
      case 'silence':
        return this.#silence(this.#site(event.who), event.root, event.ms);
      case 'broker-restart':
        return this.#restartBroker(this.#site(event.who), event.forgets, event.ms);
      case 'restore':
        return this.#restore(event);
      case 'clock-jump':
        this.#host(event.who).wall.skew += event.by;
        return;
      default:
        return this.#harm(event.kind, event.who, event.ms);
    }
  }

  #harm(kind: 'kill' | 'power-off' | 'disk-full' | 'dock-away', who: string, ms: number): void {
    const host = this.#host(who);
    if (kind === 'kill') {
      host.kill();
      this.#lasts(ms, () => host.start());
    } else if (kind === 'power-off') {
      (host as WorkerHost).powerOff();
      this.#lasts(ms, () => host.start());
    } else if (kind === 'disk-full') {
      host.disk.isFull = true;
      this.#lasts(ms, () => {
        host.disk.isFull = false;
      });
    } else this.#dockAway(host as WorkerHost, ms);
  }

  #freeze(who: string, first: First, ms: number): void {
    const { process } = this.#host(who);
    process?.freeze();
    this.#lasts(ms, () => process?.thaw(first));
  }

  #blackout(
    { host, broker, workers }: Site,
    { manager, back }: { manager: number; back: readonly number[] },
  ) {
    for (const [index, worker] of workers.entries()) {
      worker.powerOff();
      this.#lasts(back[index] ?? 0, () => worker.start());
    }
    if (manager === 0) return;
    for (const it of broker ? [broker, host] : [host]) {
      it.kill(true);
      this.#lasts(manager, () => it.start());
    }
  }

  #silence({ uplink, workers }: Site, root: boolean, ms: number): void {
    const names = new Set(workers.map(worker => this.#world.lineOf(worker).name));
    if (root) names.add(uplink.name);
    this.#cut(line => names.has(line), ms);
  }

  #restartBroker({ broker }: Site, forgets: boolean, ms: number): void {
    broker?.kill();
    if (forgets) broker?.loseSessions();
    this.#lasts(ms, () => broker?.start());
  }

  async #restore({ at, ms }: { at: number; ms: number }): Promise<void> {
    const { root } = this.#world;
    const backup = this.#backups.get(at);
    if (!backup) return;
    root.kill();
    await backup();
    this.#lasts(ms, () => root.start());
  }

  #dockAway({ dock }: WorkerHost, ms: number): void {
    if (!dock.isUp) return;
    dock.leave();
    this.#lasts(ms, () => dock.back());
  }

  #killContainer(pick: number): void {
    const all = this.#world.workers.flatMap(({ dock }) =>
      dock.serving().map(container => ({ dock, container })),
    );
    const chosen = all[Math.floor(pick * all.length)];
    chosen?.dock.kill(chosen.container);
  }

  async #crashLoop(pick: number, ms: number): Promise<void> {
    const all = (await this.#operator.instances()).map(({ job_name }) => job_name);
    const chosen = all[Math.floor(pick * all.length)];
    if (chosen === undefined) return;
    this.#world.failing.add(chosen);
    for (const { dock } of this.#world.workers)
      for (const container of dock.serving())
        if (container.request.deploy.job_name === chosen && !container.request.deploy.health_check)
          dock.kill(container);
    this.#lasts(ms, () => this.#world.failing.delete(chosen));
  }

  #break(name: string): void {
    for (const [line, connections] of this.#world.connections)
      if (line.name === name) for (const end of [...connections]) end();
  }

  #cut(isMeant: (line: string) => boolean, ms: number): void {
    for (const line of this.#world.connections.keys()) {
      if (!isMeant(line.name)) continue;
      line.cut();
      this.#lasts(ms, () => line.heal());
    }
  }

  #host(name: string): Host {
    const host = this.#world.hosts.find(it => it.name === name);
    if (!host) throw new TypeError(`nobody is called ${name}`);
    return host;
  }

  #site(name: string): Site {
    const site = this.#world.sites.find(({ host }) => host.name === name);
    if (!site) throw new TypeError(`no cluster is called ${name}`);
    return site;
  }

  #lasts(ms: number, end: () => unknown): void {
    const once = () => {
      if (!this.#lasting.delete(once)) return;
      end();
      this.#world.dirty = true;
    };
    this.#lasting.add(once);
    this.#world.timeline.after(ms, once);
  }
}
