import { type Clock, type Collection, type Logger, messageOf } from '@hedgerow/common';
import type { Clusters } from '../clusters/clusters.ts';
import type { Instance, Service } from '../model.ts';
import { specificationOf } from '../rollouts/specification.ts';
import type { Board } from './board.ts';
import type { InstanceStore } from './instance-store.ts';
import { type Absence, isHeld, isOver, type LossRule, lossRule, saysTheSame, whileAway } from './loss.ts';
import type { Placement } from './placement.ts';

/** ms: a cut that is over sooner is not worth a write for each instance */
const TELL_AFTER = 5_000;
/** ms; what is further away is met by `lookAgain` */
const LONGEST_TIMER = 86_400_000;

interface Away {
  /** ms of the monotonic clock */
  readonly began: number;
  /** epoch ms */
  readonly since: number;
  /** by ms after the beginning */
  readonly timers: Map<number, () => void>;
}

export interface AbsencesParts {
  services: Collection<Service>;
  instances: InstanceStore;
  board: Board;
  clusters: Clusters;
  placement: Placement;
  clock: Clock;
  log: Logger;
}

/**
 * Clusters that are out of reach, and what becomes of their instances: each waits for its cluster as long as its service
 * says, and then for a cluster that takes it. The first one stays noted as one that may have a copy.
 */
export class Absences {
  readonly #parts: AbsencesParts;
  readonly #away = new Map<string, Away>();
  #drive: (instanceId: string) => void = () => {};

  constructor(parts: AbsencesParts) {
    this.#parts = parts;
  }

  /**
   * Whoever is not here has all its time to come, counted from now.
   * @param drive is to have `settle` called, in turn with other work on the instance
   */
  start(drive: (instanceId: string) => void): void {
    this.#drive = drive;
    for (const id of this.#parts.board.clusterIds()) this.begin(id);
  }

  stop(): void {
    for (const id of this.#away.keys()) this.end(id);
  }

  /** Its stream ended, or it came and could not be let in: its time begins (anew). */
  begin(clusterId: string): void {
    this.end(clusterId);
    if (this.#parts.clusters.isConnected(clusterId)) return;
    const { clock } = this.#parts;
    this.#away.set(clusterId, { began: clock.monotonic(), since: clock.now(), timers: new Map() });
    this.#lookAt(clusterId, TELL_AFTER);
    this.#look(clusterId);
  }

  /** It is back. */
  end(clusterId: string): void {
    for (const cancel of this.#away.get(clusterId)?.timers.values() ?? []) cancel();
    this.#away.delete(clusterId);
  }

  has(clusterId: string): boolean {
    return this.#absenceOf(clusterId) !== null;
  }

  /** Tries again what may be over, or may fit now; also for clusters whose going went unnoticed. */
  lookAgain(): void {
    for (const id of this.#parts.board.clusterIds()) if (!this.#away.has(id)) this.begin(id);
    for (const clusterId of this.#away.keys()) this.#look(clusterId);
  }

  /** Does the service of this instance wait for its cluster no more? */
  async isOver(instance: Instance): Promise<boolean> {
    const absence = this.#absenceOf(instance.cluster_id);
    if (!absence || !isHeld(instance)) return false;
    const service = await this.#parts.services.get(instance.service_id);
    return service !== null && isOver(ruleOf(service, instance), absence);
  }

  /** Brings one instance of a cluster that is away to where its rule wants it. */
  async settle(instance: Instance): Promise<void> {
    const absence = this.#absenceOf(instance.cluster_id);
    if (!absence || !isHeld(instance)) return;
    const service = await this.#parts.services.get(instance.service_id);
    if (!service) return;
    const rule = ruleOf(service, instance);
    if (isOver(rule, absence)) {
      const why = await this.#parts.placement.replace(instance, absence);
      if (why !== null) await this.#tell(instance, whileAway(instance, absence, rule, why));
    } else if (absence.lasted >= TELL_AFTER) {
      await this.#tell(instance, whileAway(instance, absence, rule));
    }
  }

  /** The cluster is back, and what its instances were is true again until it says otherwise. */
  async restore(instanceId: string, clusterId: string): Promise<void> {
    await this.#parts.instances.change(instanceId, ({ cluster_id, last_detail }) =>
      cluster_id === clusterId && last_detail !== undefined
        ? { status_detail: last_detail, last_detail: undefined }
        : null,
    );
  }

  async #tell({ id, cluster_id }: Instance, status_detail: string): Promise<void> {
    await this.#parts.instances.change(id, current =>
      current.cluster_id === cluster_id &&
      isHeld(current) &&
      !saysTheSame(current.status_detail, status_detail)
        ? { status_detail, last_detail: current.last_detail ?? current.status_detail }
        : null,
    );
  }

  #absenceOf(clusterId: string): Absence | null {
    const away = this.#away.get(clusterId);
    if (!away || this.#parts.clusters.isConnected(clusterId)) return null;
    const lasted = this.#parts.clock.monotonic() - away.began;
    return { name: this.#parts.clusters.nameOf(clusterId), since: away.since, lasted };
  }

  #look(clusterId: string): void {
    this.#driveDue(clusterId).catch((error: unknown) => {
      const fields = { cluster_id: clusterId, cause: messageOf(error) };
      this.#parts.log.warn(fields, 'instances of a lost cluster could not be looked at; tried again');
    });
  }

  async #driveDue(clusterId: string): Promise<void> {
    const held = this.#parts.board.ofCluster(clusterId).filter(isHeld);
    const services = await this.#servicesOf(held);
    const absence = this.#absenceOf(clusterId);
    if (!absence) return;
    for (const instance of held) {
      const service = services.get(instance.service_id);
      if (!service) continue;
      const rule = ruleOf(service, instance);
      if (this.#isDue(instance, absence, rule)) this.#drive(instance.id);
      if (rule.action === 'replace') this.#lookAt(clusterId, rule.grace);
    }
  }

  #isDue(instance: Instance, absence: Absence, rule: LossRule): boolean {
    if (isOver(rule, absence)) return true;
    return absence.lasted >= TELL_AFTER && instance.status_detail !== whileAway(instance, absence, rule);
  }

  #lookAt(clusterId: string, after: number): void {
    const away = this.#away.get(clusterId);
    const left = away ? away.began + after - this.#parts.clock.monotonic() : 0;
    if (!away || left <= 0 || left > LONGEST_TIMER || away.timers.has(after)) return;
    away.timers.set(
      after,
      this.#parts.clock.after(left, () => this.#look(clusterId)),
    );
  }

  async #servicesOf(instances: readonly Instance[]): Promise<Map<string, Service>> {
    const ids = [...new Set(instances.map(instance => instance.service_id))];
    const found = await Promise.all(ids.map(id => this.#parts.services.get(id)));
    return new Map(found.flatMap(service => (service ? [[service.id, service]] : [])));
  }
}

function ruleOf(service: Service, { generation }: Instance): LossRule {
  return lossRule(specificationOf(service, generation));
}
