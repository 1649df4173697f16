/** What lies between two processes: it can be cut, and it is slow, loses, repeats and reorders by a seed. */
import type { Random } from '@hedgerow/common/testing';

export interface Weather {
  /** ms at least and at most that a message takes */
  latency: readonly [number, number];
  /** shares of messages, 0 … 1 */
  drop: number;
  repeat: number;
  late: number;
  /** ms at most that a late one takes longer */
  latest: number;
}

export const CALM: Weather = { latency: [0.5, 5], drop: 0, repeat: 0, late: 0, latest: 0 };
export const ROUGH: Weather = { latency: [0.5, 40], drop: 0.03, repeat: 0.03, late: 0.05, latest: 1500 };

export class Line {
  readonly name: string;
  readonly #random: Random;
  readonly #listeners = new Set<() => void>();
  weather: Weather;
  /** how many have cut it; one that was cut twice is healed twice */
  #cuts = 0;

  constructor(name: string, random: Random, weather: Weather) {
    this.name = name;
    this.#random = random;
    this.weather = weather;
  }

  get isCut(): boolean {
    return this.#cuts > 0;
  }

  cut(): void {
    this.#cuts += 1;
    if (this.#cuts === 1) this.#tell();
  }

  heal(): void {
    if (this.#cuts === 0) return;
    this.#cuts -= 1;
    if (this.#cuts === 0) this.#tell();
  }

  /** @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** ms that a message takes that is sent once and arrives */
  latency(): number {
    return this.#random.between(...this.weather.latency);
  }

  /** ms that each copy takes of a message for whose arrival nobody answers (QoS 0); none = it is lost */
  once(): number[] {
    const { drop } = this.weather;
    return drop > 0 && this.#random.chance(drop) ? [] : this.atLeastOnce();
  }

  /** ms that each copy takes of a message that is sent until it is acknowledged (QoS 1) */
  atLeastOnce(): number[] {
    const { repeat } = this.weather;
    const copies = repeat > 0 && this.#random.chance(repeat) ? 2 : 1;
    return Array.from({ length: copies }, () => this.latency() + this.#lateness());
  }

  #lateness(): number {
    const { late, latest } = this.weather;
    return late > 0 && this.#random.chance(late) ? this.#random.between(0, latest) : 0;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
