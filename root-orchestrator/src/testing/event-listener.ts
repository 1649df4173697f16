import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import type { ApiEvent } from '@hedgerow/protos';

/** ms that an event may be waited for */
const PATIENCE = 5000;

export interface Told {
  id: string;
  event: string;
  data: ApiEvent & { reason?: string };
}

/** A reader of events, as any client of server-sent events is one. */
export class Listener {
  readonly told: Told[] = [];
  /** as the browser's EventSource keeps it */
  last = '';
  comments = 0;
  readonly headers: Record<string, unknown>;
  readonly ended: Promise<void>;
  readonly #close: () => void;
  readonly #waiting = new Set<() => void>();

  private constructor(headers: Record<string, unknown>, ended: Promise<void>, close: () => void) {
    this.headers = headers;
    this.ended = ended;
    this.#close = close;
  }

  static async open(url: string, token: string, query = '', last = ''): Promise<Listener> {
    const headers = { Authorization: `Bearer ${token}`, ...(last === '' ? {} : { 'Last-Event-ID': last }) };
    const sent = request(`${url}/api/events${query}`, { headers }).end();
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).once('error', reject),
    );
    assert.equal(response.statusCode, 200);
    const ended = new Promise<void>(resolve => response.once('close', resolve));
    const listener = new Listener(response.headers, ended, () => sent.destroy());
    let text = '';
    response.setEncoding('utf8').on('error', () => {});
    response.on('data', (chunk: string) => {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) listener.#read(block);
    });
    await listener.until(() => listener.last !== '');
    return listener;
  }

  async until(matches: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(
      () => reject(new Error(`was told ${this.lines().slice(-20).join('; ')}`)),
      PATIENCE,
    );
    const look = () => matches() && resolve();
    this.#waiting.add(look);
    look();
    await promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(look);
    });
  }

  async next(matches: (told: Told) => boolean): Promise<Told> {
    await this.until(() => this.told.some(matches));
    return this.told.find(matches) as Told;
  }

  /** Every event as one line. */
  lines(): string[] {
    return this.told.map(({ event, data: { change, job_name, instance_number = '', status } }) =>
      [event, change, `${job_name}${instance_number === '' ? '' : `/${instance_number}`}`, status]
        .filter(Boolean)
        .join(' '),
    );
  }

  close(): void {
    this.#close();
  }

  #read(block: string): void {
    const fields = Object.fromEntries(block.split('\n').map(line => line.split(/:\s?(.*)/s).slice(0, 2)));
    if ('' in fields) this.comments += 1;
    if (fields.id !== undefined) this.last = fields.id;
    if (fields.data !== undefined) {
      this.told.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data) });
    }
    for (const look of this.#waiting) look();
  }
}
