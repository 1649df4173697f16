/** Nothing waits for ever: whoever has to act when a state's deadline is over has acted, unless he could not. */
import type { Instance as ClusterInstance, Seat } from '@hedgerow/cluster-orchestrator/testing/parts';
import { type FromCluster, type FromRoot, STATUSES } from '@hedgerow/protos';
import type { Instance } from '@hedgerow/root-orchestrator/testing/parts';
import { NEEDED } from '../operator.ts';
import type { ClusterHost } from '../tiers/cluster.ts';
import type { Site, World } from '../world.ts';

/** ms that a worker has to act on its own deadline before the cluster does it */
const WORKER_GRACE = 30_000;
/** ms that who acts may take */
const SLACK = 20_000;
/** ms that workers who were lost together are awaited, that they have to follow the first one, and until the next try */
const LOST = 30_000 + 30_000 + 10_000;

export class Watch {
  readonly #world: World;
  /** who and what, and since when it is so (ms) */
  readonly #since = new Map<string, { state: string; at: number }>();
  /** instance → when a cluster was asked for it last */
  readonly #asked = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  seen(message: FromCluster | FromRoot): void {
    const place = 'place' in message ? message.place : undefined;
    if (place) this.#asked.set(`${place.service.service_id}/${place.instance_number}`, this.#now);
  }

  /** @returns what is wrong, one sentence each */
  check(): string[] {
    return [...this.#world.sites.flatMap(site => this.#checkSite(site)), ...this.#checkRoot()];
  }

  get #now(): number {
    return this.#world.timeline.now;
  }

  #checkSite(site: Site): string[] {
    const { host } = site;
    const { running } = host;
    const isAble = running?.process.isAwake === true && !host.disk.isFull;
    this.#keep(`${host.name} able`, String(isAble));
    if (!running || !isAble) return [];
    const { liveness, capacity } = running.parts.jobs;
    const there = this.#inReach(site);
    const hasRoom = [...capacity.seats()].some(seat => there.has(seat.offer.id) && hasRoomFor(seat));
    const able = [this.#at(`${host.name} able`)];
    const roomy = [...able, this.#keep(`${host.name} room of its own`, String(hasRoom))];
    return running.state.instances.all().flatMap(instance => {
      const { worker_id } = instance;
      const isThere = worker_id !== '' && liveness.isThere(worker_id);
      const isKept = there.has(worker_id) && liveness.isExpected(worker_id);
      return [
        ...this.#checkProgress(host, instance, isThere, able),
        ...this.#checkLost(host, instance, isKept, hasRoom ? roomy : null),
      ];
    });
  }

  /** Workers that live and can be heard, whatever their cluster believes. */
  #inReach({ host, broker, workers }: Site): ReadonlySet<string> {
    const { running } = host;
    if (broker && !running?.broker.reachable()) return new Set();
    const heard = workers.filter(it => it.process?.isAwake === true && !this.#world.lineOf(it).isCut);
    return new Set(heard.map(({ node }) => node?.workerId() ?? ''));
  }

  #checkProgress(
    { name }: ClusterHost,
    instance: ClusterInstance,
    isThere: boolean,
    able: number[],
  ): string[] {
    const since = this.#keep(`${name} ${instance.id}`, `${isThere} ${stateOf(instance)}`);
    const { deadline, writers } = STATUSES[instance.status];
    if (!isThere || instance.desired !== 'run' || deadline === null) return [];
    const most = deadline + (writers.includes('worker') ? WORKER_GRACE : 0) + SLACK;
    return this.#isOver([since, ...able], most)
      ? [`${instance.id} has been ${instance.status} at ${name} for more than ${most / 1000} s`]
      : [];
  }

  /** @param able since when it could be placed; null = it cannot */
  #checkLost(
    { name }: ClusterHost,
    instance: ClusterInstance,
    isKept: boolean,
    able: number[] | null,
  ): string[] {
    const isLost = instance.desired === 'run' && !STATUSES[instance.status].final && !isKept;
    const since = this.#keep(`${name} has ${instance.id}`, String(isLost));
    return isLost && able && this.#isOver([since, ...able], LOST + SLACK)
      ? [`${instance.id} has been without a worker at ${name} for more than ${(LOST + SLACK) / 1000} s`]
      : [];
  }

  #checkRoot(): string[] {
    const { running, disk } = this.#world.root;
    const isAble = running?.process.isAwake === true && !disk.isFull;
    this.#keep('root able', String(isAble));
    for (const site of this.#world.sites) this.#keep(`${site.host.name} room`, String(isRoomy(site)));
    if (!isAble || !running) return [];
    return [...running.term.board.all()].flatMap(instance => this.#checkWaiting(instance));
  }

  #checkWaiting(instance: Instance): string[] {
    const since = this.#keep(
      `root ${instance.id}`,
      `${instance.desired} ${instance.status} ${instance.cluster_id}`,
    );
    const { deadline, actor } = STATUSES[instance.status];
    if (instance.desired !== 'run' || actor !== 'root' || deadline === null) return [];
    const most = deadline + SLACK;
    const able = this.#world.sites.filter(
      site =>
        isRoomy(site) &&
        this.#isOver([this.#at(`${site.host.name} room`)], most) &&
        (instance.cluster_id === '' || instance.cluster_id === site.host.running?.state.clusterId()),
    );
    const asked = this.#asked.get(instance.id) ?? 0;
    return able.length > 0 && this.#isOver([since, this.#at('root able'), asked], most)
      ? [`${instance.id} has been ${instance.status} for more than ${most / 1000} s, and nobody was asked`]
      : [];
  }

  /** @returns since when it is in this state */
  #keep(who: string, state: string): number {
    const known = this.#since.get(who);
    if (known?.state === state) return known.at;
    this.#since.set(who, { state, at: this.#now });
    return this.#now;
  }

  #at(who: string): number {
    return this.#since.get(who)?.at ?? this.#now;
  }

  #isOver(times: readonly number[], most: number): boolean {
    return this.#now - Math.max(...times) > most;
  }
}

/** Of these machines and programs, one more. */
function hasRoomFor({ presence, offer, reserved }: Seat): boolean {
  return presence === 'live' && offer.memory - reserved.memory >= NEEDED;
}

/** Would it take one more? */
function isRoomy({ host, uplink }: Site): boolean {
  const { running } = host;
  if (!running?.process.isAwake || uplink.isCut || host.disk.isFull) return false;
  const seats = [...running.parts.jobs.capacity.seats()];
  return running.parts.link.connected && seats.some(seat => seat.presence === 'live');
}

function stateOf(instance: ClusterInstance): string {
  const { desired, status, epoch, deploys, worker_id, status_since } = instance;
  return [desired, status, epoch, deploys, worker_id, status_since].join(' ');
}
