import { randomUUID } from 'node:crypto';
import { type Clock, HedgerowError } from '@hedgerow/common';
import type { FromCluster } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

export interface SubnetsDeps {
  clock: Clock;
  send(message: FromCluster): boolean;
  /** A claim was granted when nobody waited for it any more. */
  late(holder: string, subnet: string): void;
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
  /** claims that were given up on this stream, by id: for which holder */
  readonly #late = new Map<string, string>();

  constructor(deps: SubnetsDeps) {
    this.#deps = deps;
  }

  /**
   * @param holder under which the root keeps it; a holder gets the same subnet each time
   * @returns network address of a /26
   * @throws ROOT_UNREACHABLE, SUBNET_REFUSED; both may go away, so the worker tries again
   */
  claim(holder: string): Promise<string> {
    const claimId = randomUUID();
    return new Promise((resolve, reject) => {
      const late = this.#deps.clock.after(GRANT_IN, () => {
        this.#late.set(claimId, holder);
        this.#claims.get(claimId)?.fail(unreachable(`did not answer in ${GRANT_IN / 1000} s`));
      });
      const settle = (action: () => void) => {
        late();
        this.#claims.delete(claimId);
        action();
      };
      this.#claims.set(claimId, {
        grant: subnet => settle(() => resolve(subnet)),
        fail: error => settle(() => reject(error)),
      });
      if (!this.#deps.send({ subnet_claim: { claim_id: claimId, worker_id: holder } })) {
        this.#claims.get(claimId)?.fail(unreachable('is out of reach'));
      }
    });
  }

  /** @returns whether the root will get it */
  release(holder: string): boolean {
    return this.#deps.send({ subnet_release: { worker_id: holder } });
  }

  /** @returns whether it answers a claim of this stream */
  granted(answer: { claim_id: string; subnet: string; error: string }): boolean {
    const claim = this.#claims.get(answer.claim_id);
    if (!claim) return this.#grantedLate(answer);
    if (answer.error === '') claim.grant(answer.subnet);
    else claim.fail(new HedgerowError(ERRORS.SUBNET_REFUSED, `the root gave no subnet: ${answer.error}`));
    return true;
  }

  /** What the root granted on this stream and nobody heard is freed by the next Hello, which does not name it. */
  linkLost(): void {
    this.#late.clear();
    for (const claim of [...this.#claims.values()]) claim.fail(unreachable('was lost'));
  }

  #grantedLate({ claim_id, subnet, error }: { claim_id: string; subnet: string; error: string }): boolean {
    const holder = this.#late.get(claim_id);
    if (holder === undefined) return false;
    this.#late.delete(claim_id);
    if (error === '') this.#deps.late(holder, subnet);
    return true;
  }
}

function unreachable(how: string): HedgerowError {
  return new HedgerowError(
    ERRORS.ROOT_UNREACHABLE,
    `a new worker needs a subnet, of which none is spare, and the root ${how}; try again later`,
  );
}
