import { architectureOf, parsePorts, portKey, type ServiceSpec } from '@hedgerow/protos';
import type { Demand } from './types.ts';

/** @param clusterName direct constraints that name another cluster are not ours to judge */
export function demandOf(instance: string, spec: ServiceSpec, clusterName: string): Demand {
  const parsed = parsePorts(spec.port);
  return {
    instance,
    service: spec.service_id,
    vcpus: spec.vcpus,
    memory: spec.memory,
    vgpus: spec.vgpus,
    ports: 'mappings' in parsed ? parsed.mappings.map(portKey) : [],
    virtualization: runtime(spec.virtualization),
    // What was stored before there was such a field runs anywhere.
    architectures: (spec.arch ?? []).map(architectureOf),
    workers: boundTo(spec, clusterName),
    overlay: spec.service_ip !== '',
  };
}

/** `container` is the SLA's older word for `docker`. */
export function runtime(word: string): string {
  return word === 'container' || word === '' ? 'docker' : word;
}

function boundTo(spec: ServiceSpec, clusterName: string): string[] | null {
  const ours = spec.constraints.filter(
    c => c.type === 'direct' && (c.cluster === '' || c.cluster === clusterName),
  );
  if (ours.length === 0 || ours.some(constraint => constraint.node === '')) return null;
  return ours.flatMap(constraint => constraint.node.split(';').map(name => name.trim())).filter(Boolean);
}
