import { randomUUID } from 'node:crypto';
import { type Clock, HedgerowError } from '@hedgerow/common';
import type { FromCluster, SubnetHold } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

export interface SubnetsDeps {
  clock: Clock;
  /** Is this worker stored, with a subnet? */
  isRecorded(workerId: string): boolean;
  send(message: FromCluster): boolean;
}

/** ms that the root has to grant a subnet */
const GRANT_IN = 5000;

interface Claim {
  workerId: string;
  grant(subnet: string): void;
  fail(error: HedgerowError): void;
}

/** Subnets of workers are the root's to give; this asks it and waits for the answer. */
export class Subnets {
  readonly #deps: SubnetsDeps;
  readonly #claims = new Map<string, Claim>();
  /** claims that were given up on this stream, by id: whose they were */
  readonly #late = new Map<string, string>();
  /** granted and not stored yet */
  readonly #pending = new Map<string, string>();

  constructor(deps: SubnetsDeps) {
    this.#deps = deps;
  }

  /**
   * @param record stores the worker with its subnet; when it fails, the subnet is given back
   * @returns network address of the worker's /26
   * @throws ROOT_UNREACHABLE, SUBNET_REFUSED; both may go away, so the worker tries again
   */
  async claim(workerId: string, record: (subnet: string) => Promise<void>): Promise<string> {
    const subnet = await this.#ask(workerId);
    this.#pending.set(workerId, subnet);
    try {
      await record(subnet);
      return subnet;
    } catch (error) {
      this.release(workerId);
      throw error;
    } finally {
      this.#pending.delete(workerId);
    }
  }

  /** For the Hello: what is given to workers that are not stored yet. */
  pending(): SubnetHold[] {
    return [...this.#pending].map(([worker_id, subnet]) => ({ worker_id, subnet }));
  }

  #ask(workerId: string): Promise<string> {
    const claimId = randomUUID();
    return new Promise((resolve, reject) => {
      const late = this.#deps.clock.after(GRANT_IN, () => {
        this.#late.set(claimId, workerId);
        this.#claims.get(claimId)?.fail(unreachable(`did not answer in ${GRANT_IN / 1000} s`));
      });
      const settle = (action: () => void) => {
        late();
        this.#claims.delete(claimId);
        action();
      };
      this.#claims.set(claimId, {
        workerId,
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
    if (!claim) this.#grantedLate(answer.claim_id);
    else if (answer.error === '') claim.grant(answer.subnet);
    else claim.fail(new HedgerowError(ERRORS.SUBNET_REFUSED, `the root gave no subnet: ${answer.error}`));
  }

  /** What the root granted on this stream and nobody heard is freed by the next Hello, which does not name it. */
  linkLost(): void {
    this.#late.clear();
    for (const claim of [...this.#claims.values()]) claim.fail(unreachable('was lost'));
  }

  /** Nobody waits for it any more, unless the worker came again: a worker gets the same subnet each time. */
  #grantedLate(claimId: string): void {
    const workerId = this.#late.get(claimId);
    if (workerId === undefined) return;
    this.#late.delete(claimId);
    const asked = [...this.#claims.values()].some(claim => claim.workerId === workerId);
    if (asked || this.#pending.has(workerId) || this.#deps.isRecorded(workerId)) return;
    this.release(workerId);
  }
}

function unreachable(how: string): HedgerowError {
  return new HedgerowError(
    ERRORS.ROOT_UNREACHABLE,
    `a new worker needs a subnet from the root, and the root ${how}; try again later`,
  );
}
