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
import type { Flows } from './kernel/conntrack.ts';
import type { DataPath } from './kernel/datapath.ts';
import { sandboxOf } from './kernel/sandbox.ts';
import { readSysctl, WANTED, writeSysctl } from './kernel/sysctl.ts';
import { tunnelTraffic } from './kernel/traffic.ts';
import type { Storage } from './storage.ts';
import { withEntries, withEntry, withRegistration } from './table/changes.ts';
import { desiredState } from './table/desired.ts';
import { attachmentKey, type NetState } from './table/state.ts';

export interface ManagerParts {
  path: DataPath;
  flows: Flows;
  storage: Storage;
  log: Logger;
}

type StateChange = (state: NetState) => NetState;

/** One request at a time; each leaves the kernel, the store and what we know in agreement, or as they were. */
export class Manager implements NetManager {
  readonly #path: DataPath;
  readonly #flows: Flows;
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #queue = new SerialByKey();
  #state: NetState;
  #waiting: StateChange[] = [];
  #table: Promise<void> | null = null;
  #problems = '';

  constructor(state: NetState, { path, flows, storage, log }: ManagerParts) {
    this.#state = state;
    this.#path = path;
    this.#flows = flows;
    this.#storage = storage;
    this.#log = log;
  }

  async register(registration: NetRegistration): Promise<void> {
    checkRegistration(registration);
    await this.#one(async () => {
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
    await this.#changeTable(state => withEntries(state, entries));
  }

  async setEntry(entry: TableEntry): Promise<void> {
    checkEntry(entry);
    await this.#changeTable(state => withEntry(state, entry));
  }

  async status(): Promise<NetStatus> {
    return this.snapshot();
  }

  /** `status` for callers in this process. */
  snapshot(): NetStatus {
    const { received, sent } = tunnelTraffic();
    const { registration, attachments, services } = this.#state;
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
      services: services.size,
      overlay: { received_bytes: received.bytes, sent_bytes: sent.bytes },
    };
  }

  /** Compares the kernel with what it shall hold and mends it; without a registration there is nothing to hold. */
  async reconcile(): Promise<void> {
    await this.#one(() => this.#compare());
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
  #changeTable(change: StateChange): Promise<void> {
    this.#waiting.push(change);
    this.#table ??= this.#one(async () => {
      const changes = this.#waiting;
      this.#waiting = [];
      this.#table = null;
      await this.#commit(changes.reduce((state, next) => next(state), this.#state));
    });
    return this.#table.then(() => this.#flows.settled());
  }

  async #commit(next: NetState): Promise<void> {
    const before = this.#state;
    if (next === before) return;
    try {
      const applied = await this.#bring(next);
      await this.#storage.save(before, applied);
      this.#state = applied;
    } catch (error) {
      await this.#undo(before);
      throw error;
    }
  }

  /** @returns the state that the kernel now follows: containers that died meanwhile have no link in it */
  async #bring(next: NetState): Promise<NetState> {
    if (!next.registration) return next;
    try {
      await this.#path.change(this.#desired(next));
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
    if (!this.#state.registration) return;
    await this.#setSysctls();
    const living = await withLiving(this.#state);
    await this.#path.reconcile(this.#desired(living));
    await this.#storage.save(this.#state, living);
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

  #desired(state: NetState) {
    if (!state.registration) throw notRegistered();
    this.#tell([...state.services.values()].flatMap(({ problems }) => problems));
    return desiredState(state, state.registration);
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
  if (sandbox === (await sandboxOf('self'))) {
    throw badField('pid', pid, 'a process in a network namespace of its own');
  }
  return sandbox;
}

function noSuchProcess(pid: number): HedgerowError {
  return new HedgerowError(ERRORS.NO_SUCH_PROCESS, `there is no process ${pid}`, {
    errors: [{ path: 'pid', found: pid, allowed: 'a running process' }],
  });
}
