/** How a request changes what we have been told. Nothing here touches the kernel. */
import { HedgerowError } from '@hedgerow/common';
import {
  type AttachRequest,
  type DetachRequest,
  type PortMapping,
  parsePorts,
  portKey,
} from '@hedgerow/protos';
import { badField, ERRORS } from '../errors.ts';
import { nextAddress } from '../table/addresses.ts';
import { type Attachment, attachmentKey, type NetState, withKey } from '../table/state.ts';

/**
 * @param sandbox the network namespace of the request's process
 * @returns the same state when nothing changes
 * @throws NOT_REGISTERED, BAD_REQUEST (portMappings), PORT_TAKEN, NO_ADDRESS_LEFT
 */
export function withAttachment(state: NetState, request: AttachRequest, sandbox: string): NetState {
  if (!state.registration) throw notRegistered();
  const { serviceName, instanceNumber, pid } = request;
  const key = attachmentKey(serviceName, instanceNumber);
  const old = state.attachments.get(key);
  const ports = portsOf(request);
  refuseTakenPorts(state, key, ports);
  const address = old?.address ?? claimAddress(state, state.registration.subnet);
  const next: Attachment = { serviceName, instanceNumber, pid, sandbox, address, ports };
  if (JSON.stringify(old) === JSON.stringify(next)) return state;
  return {
    ...state,
    attachments: withKey(state.attachments, key, next),
    freed: state.freed.filter(freed => freed !== address),
  };
}

/** @returns the same state when there was no such attachment */
export function withoutAttachment(state: NetState, request: DetachRequest): NetState {
  const key = attachmentKey(request.serviceName, request.instanceNumber);
  const old = state.attachments.get(key);
  if (!old) return state;
  return {
    ...state,
    attachments: withKey(state.attachments, key, null),
    freed: [...state.freed.filter(freed => freed !== old.address), old.address],
  };
}

export function notRegistered(): HedgerowError {
  return new HedgerowError(ERRORS.NOT_REGISTERED, 'no worker is registered: POST /register comes first');
}

function portsOf(request: AttachRequest): PortMapping[] {
  const parsed = parsePorts(request.portMappings);
  if ('mappings' in parsed) return parsed.mappings;
  throw badField('portMappings', parsed.bad, `host[:container][/tcp|udp] joined by ";" (${parsed.why})`);
}

function refuseTakenPorts(state: NetState, key: string, ports: readonly PortMapping[]): void {
  const wanted = new Set(ports.map(portKey));
  const tunnel = `${state.registration?.tunnel_port}/udp`;
  if (wanted.has(tunnel)) throw portTaken('the tunnel between workers', [tunnel]);
  for (const [other, attachment] of state.attachments) {
    const shared = attachment.ports.map(portKey).filter(port => wanted.has(port));
    if (other !== key && shared.length > 0) throw portTaken(other, shared);
  }
}

function portTaken(owner: string, ports: readonly string[]): HedgerowError {
  return new HedgerowError(ERRORS.PORT_TAKEN, `host port ${ports.join(', ')} belongs to ${owner}`, {
    errors: [{ path: 'portMappings', found: ports, allowed: 'host ports that nobody else has' }],
  });
}

function claimAddress(state: NetState, subnet: string): string {
  const used = new Set([...state.attachments.values()].map(({ address }) => address));
  const address = nextAddress(subnet, used, state.freed);
  if (address) return address;
  throw new HedgerowError(ERRORS.NO_ADDRESS_LEFT, `all ${used.size} addresses of ${subnet} are in use`);
}
