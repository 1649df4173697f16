import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type {
  AttachRequest,
  AttachResult,
  DetachRequest,
  NetManager,
  NetRegistration,
  NetStatus,
  TableEntry,
} from '@hedgerow/protos';

const run = promisify(execFile);

/** A Net Manager of the least: a link with an address, made inside of the container's own namespace. */
export class WiringNet implements NetManager {
  readonly registrations: NetRegistration[] = [];
  readonly attached = new Map<string, AttachRequest & AttachResult>();
  readonly tables: TableEntry[][] = [];
  readonly entries: TableEntry[] = [];
  attaches = 0;
  /** ms that wiring takes at least: a program that is not held would be long past its first instruction */
  slowness = 0;
  /** thrown by `attach` while set */
  broken: Error | null = null;

  async register(registration: NetRegistration): Promise<void> {
    this.registrations.push(registration);
  }

  async attach(request: AttachRequest): Promise<AttachResult> {
    this.attaches++;
    if (this.broken) throw this.broken;
    if (this.slowness > 0) await new Promise(resolve => setTimeout(resolve, this.slowness));
    const key = `${request.serviceName}/${request.instanceNumber}`;
    const known = this.attached.get(key);
    const nsAddress = known?.nsAddress ?? `10.18.0.${2 + this.attached.size}`;
    const script = `ip link show eth0 2>/dev/null >&2 && exit 0
      ip link add eth0 type veth peer name far && ip link set far up &&
      ip addr add ${nsAddress}/32 dev eth0 && ip link set eth0 up`;
    await run('nsenter', [`--net=/proc/${request.pid}/ns/net`, 'sh', '-c', script]);
    const result = { serviceName: request.serviceName, nsAddress, nsAddressv6: '' };
    this.attached.set(key, { ...request, ...result });
    return result;
  }

  async detach(request: DetachRequest): Promise<void> {
    this.attached.delete(`${request.serviceName}/${request.instanceNumber}`);
  }

  async setTable(entries: TableEntry[]): Promise<void> {
    this.tables.push(entries);
  }

  async setEntry(entry: TableEntry): Promise<void> {
    this.entries.push(entry);
  }

  async table(): Promise<TableEntry[]> {
    const told = new Map((this.tables.at(-1) ?? []).map(entry => [entry.job_name, entry]));
    return [...told.values()];
  }

  async status(): Promise<NetStatus> {
    const last = this.registrations.at(-1);
    return {
      registered: last !== undefined,
      worker_id: last?.client_id ?? '',
      subnet: last?.subnet ?? '',
      attachments: [...this.attached.values()],
      services: this.entries.length,
      problems: [],
      overlay: { received_bytes: 0, sent_bytes: 0 },
    };
  }
}
