import { HedgerowError } from '@hedgerow/common';
import type Docker from 'dockerode';
import { ERRORS } from '../../errors.ts';
import type { ImageFacts } from '../runtime.ts';
import { call, wordsOf } from './errors.ts';

/** Images of one Docker Engine. The local one serves; a registry is asked only for what is not there. */
export class Images {
  readonly #docker: Docker;
  readonly #patient: Docker;
  readonly #looks = new Map<string, Promise<ImageFacts | null>>();
  readonly #pulls = new Map<string, Promise<void>>();

  /** @param patient for pulls, which say nothing for a while */
  constructor(docker: Docker, patient: Docker) {
    this.#docker = docker;
    this.#patient = patient;
  }

  /** @throws IMAGE_UNAVAILABLE */
  async ensure(reference: string, onPull: () => void): Promise<ImageFacts> {
    const local = await this.#once(this.#looks, reference, () => this.#local(reference));
    if (local) return local;
    onPull();
    await this.#once(this.#pulls, reference, () => this.#pull(reference));
    const pulled = await this.#local(reference);
    if (pulled) return pulled;
    throw unavailable(reference, 'it was pulled and is not there');
  }

  async #local(reference: string): Promise<ImageFacts | null> {
    const image = await call(() => this.#docker.getImage(reference).inspect(), [404]);
    if (!image) return null;
    const { Entrypoint, Cmd, Env } = image.Config;
    return { reference, entrypoint: list(Entrypoint), cmd: list(Cmd), environment: list(Env) };
  }

  /** Ten instances of one image make one pull, and ten that come at once one question. */
  #once<T>(running: Map<string, Promise<T>>, reference: string, call: () => Promise<T>): Promise<T> {
    const known = running.get(reference);
    if (known) return known;
    const promise = call().finally(() => running.delete(reference));
    running.set(reference, promise);
    return promise;
  }

  async #pull(reference: string): Promise<void> {
    try {
      const progress = await this.#patient.pull(withTag(reference));
      await new Promise<void>((resolve, reject) => {
        this.#patient.modem.followProgress(progress, (error, told: unknown[]) => {
          const failure = error ?? failureIn(told);
          if (failure) reject(failure);
          else resolve();
        });
      });
    } catch (cause) {
      throw unavailable(reference, wordsOf(cause), cause);
    }
  }
}

/** A pull that fails half way says so in its last line and ends like one that went well. */
export function failureIn(progress: readonly unknown[]): Error | null {
  const why = progress.map(line => (line as { error?: unknown }).error).find(error => error !== undefined);
  return why === undefined ? null : new Error(String(why));
}

/** Without a tag the Engine would pull every tag there is. */
export function withTag(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? reference : `${reference}:latest`;
}

function list(value: string | string[] | null | undefined): string[] {
  return typeof value === 'string' ? [value] : (value ?? []);
}

function unavailable(reference: string, why: string, cause?: unknown): HedgerowError {
  const message = `image ${reference} is not on this worker and could not be pulled: ${why}`;
  return new HedgerowError(ERRORS.IMAGE_UNAVAILABLE, message, { cause });
}
