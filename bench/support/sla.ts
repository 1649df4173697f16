import type { Microservice } from '@hedgerow/protos';
import { BENCH_IMAGE } from './docker/image.ts';

export interface ServiceShape {
  name: string;
  cmd: string[];
  /** MiB */
  memory: number;
  vcpus: number;
  /** host names of the only workers that may run it, `;` between them */
  worker?: string;
  cluster?: string;
}

/** A service of the bench's image; the limits are those that the raw arm gets as well. */
export function microservice(shape: ServiceShape): Microservice {
  const { name, cmd, memory, vcpus, worker, cluster } = shape;
  const constraints = worker && cluster ? [{ type: 'direct', cluster, node: worker }] : [];
  const identity = { microservice_name: name, microservice_namespace: 'bench' };
  return { ...identity, virtualization: 'container', code: BENCH_IMAGE, cmd, memory, vcpus, constraints };
}
