import { randomUUID } from 'node:crypto';
import { type Clock, HedgerowError } from '@hedgerow/common';
import type { FromCluster } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

export interface SubnetsDeps {
  clock: Clock;
  send(message: FromCluster): boolean;
}

/** ms that the root has to grant a subnet */
const GRANT_IN = 5000;

interface Claim {
  grant(subnet: string): void;
  fail(error: HedgerowError): void;
}

/** Subnets of workers are the root's to give; this asks it and waits for the answer. */
export class Subnets {
  readonly #deps: SubnetsDeps;
  readonly #claims = new Map<string, Claim>();

  constructor(deps: SubnetsDeps) {
    this.#deps = deps;
  }

  /**
   * @returns network address of the worker's /26
   * @throws ROOT_UNREACHABLE, SUBNET_REFUSED; both may go away, so the worker tries again
   */
  claim(workerId: string): Promise<string> {
    const claimId = randomUUID();
    return new Promise((resolve, reject) => {
      const late = this.#deps.clock.after(GRANT_IN, () =>
        this.#claims.get(claimId)?.fail(unreachable(`did not answer in ${GRANT_IN / 1000} s`)),
      );
      const settle = (action: () => void) => {
        late();
        this.#claims.delete(claimId);
        action();
      };
      this.#claims.set(claimId, {
        grant: subnet => settle(() => resolve(subnet)),
        fail: error => settle(() => reject(error)),
      });
      if (!this.#deps.send({ subnet_claim: { claim_id: claimId, worker_id: workerId } })) {
        this.#claims.get(claimId)?.fail(unreachable('is out of reach'));
      }
    });
  }

  /** @returns whether the root will get it */
  release(workerId: string): boolean {
    return this.#deps.send({ subnet_release: { worker_id: workerId } });
  }

  granted(answer: { claim_id: string; subnet: string; error: string }): void {
    const claim = this.#claims.get(answer.claim_id);
    if (answer.error === '') claim?.grant(answer.subnet);
    else claim?.fail(new HedgerowError(ERRORS.SUBNET_REFUSED, `the root gave no subnet: ${answer.error}`));
  }

  linkLost(): void {
    for (const claim of [...this.#claims.values()]) claim.fail(unreachable('was lost'));
  }
}

function unreachable(how: string): HedgerowError {
  return new HedgerowError(
    ERRORS.ROOT_UNREACHABLE,
    `a new worker needs a subnet from the root, and the root ${how}; try again later`,
  );
}
