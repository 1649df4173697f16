/** Requests to Mosquitto's dynamic security plug-in, over the cluster's own connection to the broker. */
import { type Clock, HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Rule } from './rights.ts';

export const CONTROL_TOPIC = '$CONTROL/dynamic-security/v1';
export const ANSWER_TOPIC = `${CONTROL_TOPIC}/response`;

export interface Command {
  command: string;
  /** ours, not sent: an error of it is no trouble */
  mayFail?: boolean;
  [field: string]: unknown;
}

export interface ListedRole {
  rolename: string;
  acls?: Rule[];
}

export interface ListedClient {
  username: string;
  clientid?: string;
  disabled?: boolean;
  roles?: { rolename: string }[];
}

interface Answer {
  command: string;
  correlationData?: string;
  error?: string;
  data?: { roles?: ListedRole[]; clients?: ListedClient[] };
}

interface Waiting {
  resolve(answers: Answer[]): void;
  reject(error: HedgerowError): void;
  cancel(): void;
}

/** ms; a broker that has the plug-in answers in a few */
const ANSWER_TIMEOUT = 3000;

/** The connection to the broker. */
export interface Line {
  /** with QoS 1; @throws BROKER_FAILED */
  publish(topic: string, payload: Buffer): Promise<void>;
  /** @throws when the broker refuses */
  subscribe(topic: string): Promise<void>;
}

export class Control {
  readonly #clock: Clock;
  readonly #line: Line;
  readonly #waiting = new Map<string, Waiting>();
  #requests = 0;

  constructor(clock: Clock, line: Line) {
    this.#clock = clock;
    this.#line = line;
  }

  /** To be done at each connection. @throws BROKER_SILENT when no answer may be heard */
  async open(): Promise<void> {
    try {
      await this.#line.subscribe(ANSWER_TOPIC);
    } catch (cause) {
      throw new HedgerowError(ERRORS.BROKER_SILENT, `${ANSWER_TOPIC}: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * The plug-in carries them out one after the other, also behind one that fails.
   * @throws BROKER_SILENT when nobody answers, BROKER_FAILED when a command that may not fail did
   */
  async run(commands: readonly Command[]): Promise<void> {
    if (commands.length === 0) return;
    const answers = await this.#request(commands);
    const failed = answers.find((answer, at) => answer.error !== undefined && !commands[at]?.mayFail);
    if (failed) throw new HedgerowError(ERRORS.BROKER_FAILED, `${failed.command}: ${failed.error}`);
  }

  /** @throws as `run` */
  async list(): Promise<{ roles: ListedRole[]; clients: ListedClient[] }> {
    const all = { verbose: true, count: -1, offset: 0 };
    const [roles, clients] = await this.#request([
      { command: 'listRoles', ...all },
      { command: 'listClients', ...all },
    ]);
    const error = roles?.error ?? clients?.error;
    if (error !== undefined) throw new HedgerowError(ERRORS.BROKER_FAILED, `list of accounts: ${error}`);
    return { roles: roles?.data?.roles ?? [], clients: clients?.data?.clients ?? [] };
  }

  /** A message on the topic of answers; those to others are not for us. */
  receive(payload: Buffer): void {
    const answers = parse(payload);
    const waiting = this.#waiting.get(answers[0]?.correlationData ?? '');
    waiting?.resolve(answers);
  }

  /** The connection ended: no answer will come. */
  lost(): void {
    const error = new HedgerowError(ERRORS.BROKER_FAILED, 'the connection to the broker ended');
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }

  async #request(commands: readonly Command[]): Promise<Answer[]> {
    const id = `${++this.#requests}`;
    const sent = commands.map(({ mayFail: _, ...command }) => ({ ...command, correlationData: id }));
    const answered = this.#wait(id);
    const published = this.#line.publish(CONTROL_TOPIC, Buffer.from(JSON.stringify({ commands: sent })));
    const [answers] = await Promise.all([answered, published]);
    return answers;
  }

  #wait(id: string): Promise<Answer[]> {
    const answered = Promise.withResolvers<Answer[]>();
    const silent = new HedgerowError(
      ERRORS.BROKER_SILENT,
      'the broker’s plug-in for accounts does not answer',
    );
    const cancel = this.#clock.after(ANSWER_TIMEOUT, () => answered.reject(silent));
    this.#waiting.set(id, { ...answered, cancel });
    const forget = () => {
      cancel();
      this.#waiting.delete(id);
    };
    answered.promise.then(forget, forget);
    return answered.promise;
  }
}

/** What is not an answer is none. */
function parse(payload: Buffer): Answer[] {
  try {
    const { responses } = JSON.parse(payload.toString()) as { responses?: unknown };
    return Array.isArray(responses) ? (responses as Answer[]) : [];
  } catch {
    return [];
  }
}
