/** A cluster that does what it is told and says what it has, as far as the root can see. It survives its streams. */
import {
  digestInstances,
  digestSubnets,
  digestTable,
  type FromRoot,
  type InstanceReport,
  type Place,
  type SubnetHold,
  type TableEntry,
} from '@hedgerow/protos';
import type { Coordinated } from './coordinated.ts';
import { type LinkClient, report } from './link-client.ts';

export class HonestSite {
  readonly name: string;
  /** by instance id */
  readonly has = new Map<string, InstanceReport>();
  /** by job name */
  readonly table = new Map<string, TableEntry>();
  readonly subnets: SubnetHold[] = [];
  /** bodies of what the root has said since the last `forget` */
  readonly heard: string[] = [];
  clusterId = '';
  /** Does it do what it is told, and say so? */
  obeys: 'yes' | 'silent' | 'refuses' = 'yes';
  /** does it send digests, or all that it has? */
  listed = false;
  #client: LinkClient | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get client(): LinkClient {
    if (!this.#client) throw new TypeError(`${this.name} is not connected`);
    return this.#client;
  }

  /** Connects, says what it has, and has room. Resolves when both sides agree. */
  async connect(root: Coordinated): Promise<this> {
    const client = root.dial(this.name);
    this.#client = client;
    client.listen(message => {
      if (this.#client === client) this.#hear(message);
    });
    const digests = {
      instances_digest: digestInstances(this.has.values()),
      subnets_digest: digestSubnets(this.subnets),
      table_digest: digestTable(this.table.values(), this.clusterId),
    };
    const lists = this.listed ? { instances: [...this.has.values()], subnets: this.subnets } : {};
    await client.hello([], { listed: this.listed, ...digests, ...lists });
    this.clusterId = client.clusterId;
    client.aggregate();
    for (let turn = 0; turn < 3; turn += 1) await client.settled();
    return this;
  }

  /** The stream is cut; the site goes on. */
  async cut(root: Coordinated): Promise<void> {
    this.#client?.close();
    await this.#client?.ended;
    this.#client = null;
    await root.becomesDisconnected(this.clusterId);
  }

  /** As a real one does when its stream has ended: dials until it is let in. */
  async stay(root: Coordinated): Promise<void> {
    while (!this.#client || (await hasEnded(this.#client))) {
      this.#client?.close();
      await this.connect(root).catch(() => {});
      await new Promise(setImmediate);
    }
  }

  forget(): void {
    this.heard.length = 0;
  }

  /** Something happens to an instance. */
  happen(id: string, fields: Partial<InstanceReport>): void {
    const before = this.has.get(id);
    if (!before) throw new TypeError(`${this.name} has no ${id}`);
    const after = { ...before, ...fields };
    this.has.set(id, after);
    this.#client?.report(after);
  }

  #hear(message: FromRoot): void {
    // Answers to `settled`.
    if (message.table_entry?.job_name.startsWith('settled.')) return;
    if (message.body) this.heard.push(message.body);
    if (message.welcome) this.#welcome(message.welcome);
    if (message.table_entry) this.#learn(message.table_entry);
    if (message.place) this.#place(message.place);
    if (message.remove) this.#remove(message.remove);
  }

  #welcome({ send_list, table_known }: NonNullable<FromRoot['welcome']>): void {
    if (!table_known) this.table.clear();
    if (!send_list) return;
    this.heard.push('send_list');
    this.client.send({ list: { instances: [...this.has.values()], subnets: this.subnets } });
  }

  #learn(entry: TableEntry): void {
    if (entry.removed) this.table.delete(entry.job_name);
    else this.table.set(entry.job_name, entry);
  }

  #place(place: Place): void {
    if (this.obeys === 'refuses') this.client.refuse(place);
    if (this.obeys !== 'yes') return;
    const id = `${place.service.service_id}/${place.instance_number}`;
    const known = this.has.get(id);
    const isRepeat = known && known.generation >= place.generation && known.epoch >= place.epoch;
    if (!isRepeat) {
      const epoch = Math.max(known?.epoch ?? 0, place.epoch) + 1;
      this.has.set(id, report(place, { epoch }));
    }
    this.client.accept(place);
    if (!isRepeat) this.client.report(this.has.get(id) as InstanceReport);
  }

  #remove({ service_id, instance_number }: { service_id: string; instance_number: number }): void {
    if (this.obeys === 'silent') return;
    const id = `${service_id}/${instance_number}`;
    const known = this.has.get(id);
    this.has.delete(id);
    this.client.report({
      ...report({ service: { service_id }, instance_number, generation: 0 } as Place),
      ...known,
      ...{ status: 'UNDEPLOYED', withdrawn: false },
    });
  }
}

function hasEnded({ ended }: LinkClient): Promise<boolean> {
  return Promise.race([
    ended.then(() => true),
    new Promise<boolean>(resolve => setImmediate(resolve, false)),
  ]);
}
