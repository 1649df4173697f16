/**
 * Port mappings of an SLA: `host[:container][/tcp|udp]` joined by ";", tcp by default, "" for none (Oakestra's
 * grammar, without its leniencies: each entry is checked whole).
 */
export interface PortMapping {
  host: number;
  container: number;
  protocol: 'tcp' | 'udp';
}

const ENTRY = /^(\d{1,5})(?::(\d{1,5}))?(?:\/(tcp|udp))?$/;

/** @returns the mappings in order, or the first entry that does not parse or names a host port twice. */
export function parsePorts(text: string): { mappings: PortMapping[] } | { bad: string; why: string } {
  const mappings: PortMapping[] = [];
  const seen = new Set<string>();
  for (const part of text.trim() === '' ? [] : text.split(';')) {
    const mapping = parseEntry(part.trim());
    if (!mapping)
      return { bad: part, why: 'not of the form host[:container][/tcp|udp] with ports 1 to 65535' };
    const key = portKey(mapping);
    if (seen.has(key)) return { bad: part, why: `host port ${key} is mapped twice` };
    seen.add(key);
    mappings.push(mapping);
  }
  return { mappings };
}

/** A host port as a resource of a worker: two instances with the same key cannot share one. */
export function portKey(mapping: PortMapping): string {
  return `${mapping.host}/${mapping.protocol}`;
}

function parseEntry(part: string): PortMapping | null {
  const match = ENTRY.exec(part);
  if (!match) return null;
  const host = Number(match[1]);
  const container = Number(match[2] ?? match[1]);
  const inRange = (port: number) => port >= 1 && port <= 65535;
  if (!inRange(host) || !inRange(container)) return null;
  return { host, container, protocol: match[3] === 'udp' ? 'udp' : 'tcp' };
}
