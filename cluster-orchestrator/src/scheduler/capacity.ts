/**
 * The index of what is reserved on each worker, kept up to date with every placement and removal, so that a decision
 * reads it and rebuilds nothing. Reserved is what was promised to accepted instances, not what they use.
 */
import type { Demand, Offer, Presence, Seat } from './types.ts';

export class Capacity {
  readonly #seats = new Map<string, Seat>();
  /** instance id → worker id */
  readonly #holders = new Map<string, string>();

  /** A worker joined or offers something else; its reservations stay. */
  offer(offer: Offer): void {
    const seat = this.#seats.get(offer.id);
    if (seat) seat.offer = offer;
    else this.#seats.set(offer.id, emptySeat(offer));
  }

  forget(workerId: string): void {
    for (const instance of this.#seats.get(workerId)?.instances.keys() ?? []) this.#holders.delete(instance);
    this.#seats.delete(workerId);
  }

  setPresence(workerId: string, presence: Presence): void {
    const seat = this.#seats.get(workerId);
    if (seat) seat.presence = presence;
  }

  /** Replaces what was reserved for this instance, wherever that was. Unknown workers hold nothing. */
  reserve(workerId: string, demand: Demand): void {
    this.release(demand.instance);
    const seat = this.#seats.get(workerId);
    if (!seat) return;
    this.#holders.set(demand.instance, workerId);
    seat.instances.set(demand.instance, demand);
    count(seat, demand, 1);
  }

  /** @returns whether anything was reserved */
  release(instance: string): boolean {
    const seat = this.#seats.get(this.#holders.get(instance) ?? '');
    const demand = seat?.instances.get(instance);
    if (!seat || !demand) return false;
    this.#holders.delete(instance);
    seat.instances.delete(instance);
    count(seat, demand, -1);
    return true;
  }

  get(workerId: string): Seat | undefined {
    return this.#seats.get(workerId);
  }

  /** Orders that wait for this worker. */
  setBacklog(workerId: string, orders: number): void {
    const seat = this.#seats.get(workerId);
    if (seat) seat.backlog = orders;
  }

  /** Instance id and worker id of each reservation. */
  holders(): Iterable<[instance: string, worker: string]> {
    return this.#holders.entries();
  }

  seats(): Iterable<Seat> {
    return this.#seats.values();
  }
}

function emptySeat(offer: Offer): Seat {
  return {
    offer,
    presence: 'away',
    backlog: 0,
    reserved: { vcpus: 0, memory: 0, vgpus: 0 },
    ports: new Map(),
    services: new Map(),
    instances: new Map(),
  };
}

function count(seat: Seat, demand: Demand, sign: 1 | -1): void {
  seat.reserved.vcpus += sign * demand.vcpus;
  seat.reserved.memory += sign * demand.memory;
  seat.reserved.vgpus += sign * demand.vgpus;
  const services = (seat.services.get(demand.service) ?? 0) + sign;
  if (services > 0) seat.services.set(demand.service, services);
  else seat.services.delete(demand.service);
  for (const port of demand.ports) {
    if (sign === 1) seat.ports.set(port, demand.instance);
    else if (seat.ports.get(port) === demand.instance) seat.ports.delete(port);
  }
}
