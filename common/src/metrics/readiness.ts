/** Can a process do its work, and if not, why? */
import type { Clock } from '../clock.ts';
import { isErrorOf, messageOf } from '../errors.ts';
import { STORE_ERRORS, type Store } from '../store/store.ts';

/** @returns null when all is well, else a sentence that says what is not */
export type ReadyCheck = () => string | null | Promise<string | null>;

export interface Readiness {
  status: 'ready' | 'not ready';
  /** why it cannot do its work */
  reasons: string[];
  /** what is away though the work goes on without it */
  degraded: string[];
}

/** @param needed without these it cannot work. @param wanted without these it can, for a while or with less */
export function readiness(
  needed: readonly ReadyCheck[],
  wanted: readonly ReadyCheck[] = [],
): () => Promise<Readiness> {
  return async () => {
    const [reasons, degraded] = await Promise.all([failing(needed), failing(wanted)]);
    return { status: reasons.length === 0 ? 'ready' : 'not ready', reasons, degraded };
  };
}

async function failing(checks: readonly ReadyCheck[]): Promise<string[]> {
  const sentences = await Promise.all(checks.map(check => check()));
  return sentences.filter(sentence => sentence !== null);
}

/** ms; who asks whether a process is ready waits for some seconds at most */
const PATIENCE = 2000;

/** @param what names what is asked: `the broker`. @param said what is told of an error */
export function answers(
  clock: Clock,
  what: string,
  ask: () => Promise<unknown>,
  said = (error: unknown) => `${what} does not answer: ${messageOf(error)}`,
): ReadyCheck {
  return () =>
    new Promise(resolve => {
      const cancel = clock.after(PATIENCE, () =>
        resolve(`${what} has not answered for ${PATIENCE / 1000} s`),
      );
      ask()
        .then(
          () => resolve(null),
          (error: unknown) => resolve(said(error)),
        )
        .finally(cancel);
    });
}

/** What a store says of itself, with its address or file, is for its owner and not for everybody who reaches the page. */
export function storeAnswers(clock: Clock, store: Pick<Store, 'ping'>): ReadyCheck {
  return answers(
    clock,
    'the store',
    () => store.ping(),
    error =>
      isErrorOf(error, STORE_ERRORS.STORE_FULL)
        ? 'the disk is full: nothing new is stored'
        : 'the store does not answer',
  );
}
