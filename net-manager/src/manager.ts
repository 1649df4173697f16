import { HedgerowError, type Logger, messageOf, SerialByKey } from '@hedgerow/common';
import type {
  AttachRequest,
  AttachResult,
  DetachRequest,
  NetManager,
  NetRegistration,
  NetStatus,
  TableEntry,
} from '@hedgerow/protos';
import { notRegistered, withAttachment, withoutAttachment } from './attach/attach.ts';
import { checkAttach, checkDetach, checkEntries, checkEntry, checkRegistration } from './checks.ts';
import { badField, ERRORS } from './errors.ts';
import type { Fitness } from './fitness.ts';
import type { Flows } from './kernel/conntrack.ts';
import type { DataPath } from './kernel/datapath.ts';
import type { Networks } from './kernel/networks.ts';
import { isInOurs, sandboxOf } from './kernel/sandbox.ts';
import { readSysctl, WANTED, writeSysctl } from './kernel/sysctl.ts';
import { tunnelTraffic } from './kernel/traffic.ts';
import type { Storage } from './storage.ts';
import type { Sweep } from './sweep.ts';
import { changesOf, type Told, withRegistration } from './table/changes.ts';
import { desiredPart, desiredState, type KernelState, type Known } from './table/desired.ts';
import type { Directory, ServiceChanges } from './table/directory.ts';
import { attachmentKey, type NetState } from './table/state.ts';
import { touchedBy } from './table/touched.ts';

export interface ManagerParts {
  path: DataPath;
  flows: Flows;
  storage: Storage;
  /** of the table; the Manager changes them */
  services: Directory;
  networks: Networks;
  fitness: Fitness;
  sweep: Sweep;
  log: Logger;
}

const NO_SERVICES: ServiceChanges = new Map();

/** One request at a time; each leaves the kernel, the store and what we know in agreement, or as they were. */
export class Manager implements NetManager {
  readonly #path: DataPath;
  readonly #flows: Flows;
  readonly #storage: Storage;
  readonly #services: Directory;
  readonly #networks: Networks;
  readonly #fitness: Fitness;
  readonly #sweep: Sweep;
  readonly #log: Logger;
  readonly #queue = new SerialByKey();
  #state: NetState;
  #told: Told[] = [];
  #table: Promise<void> | null = null;
  #problems = '';

  constructor(state: NetState, parts: ManagerParts) {
    this.#state = state;
    this.#path = parts.path;
    this.#flows = parts.flows;
    this.#storage = parts.storage;
    this.#services = parts.services;
    this.#networks = parts.networks;
    this.#fitness = parts.fitness;
    this.#sweep = parts.sweep;
    this.#log = parts.log;
  }

  async register(registration: NetRegistration): Promise<void> {
    checkRegistration(registration);
    await this.#one(async () => {
      await this.#fitness.lookAgain();
      await this.#commit(withRegistration(this.#state, registration));
      await this.#compare();
    });
  }

  async attach(request: AttachRequest): Promise<AttachResult> {
    checkAttach(request);
    const { serviceName, instanceNumber } = request;
    return this.#one(async () => {
      const sandbox = await foreignSandbox(request.pid);
      const before = this.#state;
      await this.#commit(withAttachment(before, request, sandbox));
      const made = this.#state.attachments.get(attachmentKey(serviceName, instanceNumber));
      if (made?.sandbox) return { serviceName, nsAddress: made.address, nsAddressv6: '' };
      await this.#commit(before);
      throw noSuchProcess(request.pid);
    });
  }

  async detach(request: DetachRequest): Promise<void> {
    checkDetach(request);
    await this.#one(() => this.#commit(withoutAttachment(this.#state, request)));
    await this.#flows.settled();
  }

  async setTable(entries: TableEntry[]): Promise<void> {
    checkEntries(entries);
    await this.#changeTable({ entries, whole: true });
  }

  async setEntry(entry: TableEntry): Promise<void> {
    checkEntry(entry);
    await this.#changeTable({ entries: [entry], whole: false });
  }

  async table(): Promise<TableEntry[]> {
    return this.#one(async () => this.#services.entries());
  }

  async status(): Promise<NetStatus> {
    return this.snapshot();
  }

  /** `status` for callers in this process. */
  snapshot(): NetStatus {
    const { received, sent } = tunnelTraffic();
    const { registration, attachments } = this.#state;
    return {
      registered: registration !== null,
      worker_id: registration?.client_id ?? '',
      subnet: registration?.subnet ?? '',
      attachments: [...attachments.values()].map(({ serviceName, instanceNumber, address, pid }) => ({
        serviceName,
        instanceNumber,
        nsAddress: address,
        pid,
      })),
      services: this.#services.size,
      problems: [...this.#fitness.problems, ...this.#sweep.problems],
      usable: this.#fitness.usable,
      overlay: { received_bytes: received.bytes, sent_bytes: sent.bytes },
    };
  }

  /** Compares the kernel with what it shall hold and mends it; without a registration there is nothing to hold. */
  async reconcile(): Promise<void> {
    await this.#one(async () => {
      await this.#fitness.lookAgain();
      await this.#compare();
    });
  }

  /** The same, when the machine's own networks in the overlay's range are others than before. */
  async followNetworks(): Promise<void> {
    await this.#one(async () => {
      if (await this.#networks.look()) await this.#compare();
    });
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    await this.#queue.idle();
    await this.#flows.settled();
  }

  #one<R>(task: () => Promise<R>): Promise<R> {
    return this.#queue.run('net', task);
  }

  /** Changes that arrive while another request is under way are applied together. */
  #changeTable(told: Told): Promise<void> {
    this.#told.push(told);
    this.#table ??= this.#one(async () => {
      const all = this.#told;
      this.#told = [];
      this.#table = null;
      await this.#commit(this.#state, changesOf(this.#services, all));
    });
    return this.#table.then(() => this.#flows.settled());
  }

  async #commit(next: NetState, services: ServiceChanges = NO_SERVICES): Promise<void> {
    const before = this.#state;
    if (next === before && services.size === 0) return;
    const touched = touchedBy(this.#services, before, next, services);
    const partOf = (state: NetState) =>
      state.registration && desiredPart(this.#known(state, state.registration), touched);
    const partBefore = partOf(before);
    const back = this.#services.apply(services);
    try {
      const applied = await this.#bring(before, next, [partBefore, partOf(next)]);
      await this.#store(before, applied, services);
      this.#state = applied;
    } catch (error) {
      this.#services.apply(back);
      await this.#undo(before);
      throw error;
    }
    if (services.size > 0) this.#tell(this.#services.problems());
  }

  /** An address that a restarted process does not know of would be given to a second instance. */
  async #store(before: NetState, after: NetState, services: ServiceChanges): Promise<void> {
    const claims = [...after.attachments.keys()].some(key => !before.attachments.has(key));
    if (claims) await this.#storage.save(before, after, services);
    else await this.#storage.saveOrKeep(before, after, services);
  }

  /** @returns the state that the kernel now follows: containers that died meanwhile have no link in it */
  async #bring(
    was: NetState,
    next: NetState,
    [before, after]: [KernelState | null, KernelState | null],
  ): Promise<NetState> {
    if (!after) return next;
    const whole = () => this.#desired(next);
    try {
      if (before && was.registration === next.registration) await this.#path.change({ before, after, whole });
      else await this.#path.reconcile(whole());
      return next;
    } catch (error) {
      this.#log.warn(
        { reason: messageOf(error) },
        'the kernel refused a change; comparing with what is there',
      );
      const living = await withLiving(next);
      await this.#path.reconcile(this.#desired(living));
      return living;
    }
  }

  async #undo(before: NetState): Promise<void> {
    try {
      await this.#path.reconcile(this.#desired(await withLiving(before)));
    } catch (error) {
      this.#log.error({ reason: messageOf(error) }, 'a failed change could not be undone; tried again later');
    }
  }

  async #compare(): Promise<void> {
    this.#tell(this.#services.problems());
    if (!this.#state.registration) return;
    await this.#setSysctls();
    await this.#networks.look();
    const living = await withLiving(this.#state);
    const seen = await this.#path.reconcile(this.#desired(living), this.#desired(this.#state));
    this.#sweep.saw(seen, living.attachments.values());
    await this.#storage.saveOrKeep(this.#state, living);
    this.#state = living;
  }

  async #setSysctls(): Promise<void> {
    const remembered = await this.#storage.sysctls();
    for (const [name, wanted] of Object.entries(WANTED)) {
      const found = await readSysctl(name);
      if (found === wanted) continue;
      if (!remembered.has(name)) await this.#storage.rememberSysctl(name, found);
      await writeSysctl(name, wanted);
    }
  }

  #desired(state: NetState): KernelState {
    if (!state.registration) throw notRegistered();
    return desiredState(this.#known(state, state.registration));
  }

  #known({ attachments }: NetState, registration: NetRegistration): Known {
    const networks = this.#networks.prefixes;
    return { registration, attachments, services: this.#services, networks };
  }

  /** The same problems are told once. */
  #tell(problems: readonly string[]): void {
    const text = problems.join('; ');
    if (text !== this.#problems && text !== '')
      this.#log.warn({ problems }, 'instances that cannot be reached');
    this.#problems = text;
  }
}

/** Takes the link from attachments whose container has gone; their addresses stay theirs until they are detached. */
async function withLiving(state: NetState): Promise<NetState> {
  const attachments = new Map(state.attachments);
  for (const [key, attachment] of attachments) {
    if (attachment.sandbox === '' || (await sandboxOf(attachment.pid)) === attachment.sandbox) continue;
    attachments.set(key, { ...attachment, sandbox: '' });
  }
  return { ...state, attachments };
}

/** @throws NO_SUCH_PROCESS; BAD_REQUEST for a process in our own namespace, whose network would be overwritten */
async function foreignSandbox(pid: number): Promise<string> {
  const sandbox = await sandboxOf(pid);
  if (sandbox === '') throw noSuchProcess(pid);
  if (await isInOurs(pid)) {
    throw badField('pid', pid, 'a process in a network namespace of its own');
  }
  return sandbox;
}

function noSuchProcess(pid: number): HedgerowError {
  return new HedgerowError(ERRORS.NO_SUCH_PROCESS, `there is no process ${pid}`, {
    errors: [{ path: 'pid', found: pid, allowed: 'a running process' }],
  });
}
