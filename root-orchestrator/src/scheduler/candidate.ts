import type { Aggregate, DirectConstraint } from '@hedgerow/protos';

/** What the scheduler knows of one cluster at the moment of a decision. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  /** Is its stream up? */
  readonly connected: boolean;
  readonly aggregate: Aggregate;
  /** Asked of the cluster since it made this aggregate, so not yet in its free figures. */
  readonly pending: { readonly vcpus: number; readonly memory: number };
  /** Instances of the service in question that it has already. */
  readonly sameService: number;
  /** Instances of any service that it has. */
  readonly instances: number;
}

/** What one instance needs. memory in MiB; 0 = nothing is reserved. */
export interface Demand {
  readonly virtualization: string;
  readonly vcpus: number;
  readonly memory: number;
  readonly vgpus: number;
  /** `direct` constraints; several are alternatives. */
  readonly constraints: readonly DirectConstraint[];
  /** names of images' architectures (amd64, arm64, …), any of which will do; none = any will do */
  readonly arch: readonly string[];
}

/** A SLA may say `docker` or `container` for the same runtime. */
export function runtimeOf(virtualization: string): string {
  return virtualization === 'docker' ? 'container' : virtualization;
}

/** The host names of a constraint: "a;b;c". */
export function nodesOf(constraint: DirectConstraint): string[] {
  return constraint.node
    .split(';')
    .map(node => node.trim())
    .filter(node => node !== '');
}
