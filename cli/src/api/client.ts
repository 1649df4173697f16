import type { IncomingMessage } from 'node:http';
import { HedgerowError, isErrorOf } from '@hedgerow/common';
import type { ApiApplication, ApiCluster, ApiHistory, ApiService } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { type EventFilter, type FeedItem, followEvents } from './events.ts';
import { failureOf } from './failure.ts';
import { type Answer, answerOf, type Call, open, send } from './http.ts';
import type { Session, SessionStore } from './session.ts';

/** Clusters as the root shows them; `workers` (host names) only when it does. */
export type ClusterView = ApiCluster & { workers?: string[] };

/**
 * The System Manager's API for one person. An access token that ran out is renewed and the call sent again.
 * Every call throws UNREACHABLE, NOT_LOGGED_IN, or what the API answered (its word, its fields).
 */
export class Client {
  readonly url: string;
  readonly #sessions: SessionStore;
  readonly #origin: string;

  /** @param origin where the address came from, said when nobody answers there; '' = the person gave it */
  constructor(url: string, sessions: SessionStore, origin = '') {
    this.url = url.replace(/\/+$/, '');
    this.#sessions = sessions;
    this.#origin = origin;
  }

  /** @param organization "" = the root's own choice */
  async login(username: string, password: string, organization = ''): Promise<void> {
    const body = { username, password, ...(organization === '' ? {} : { organization_name: organization }) };
    const call: Call = { method: 'POST', path: '/api/auth/login', body };
    const tokens = succeeded(call, await this.#send(call)) as Pick<Session, 'token' | 'refresh_token'>;
    const { token, refresh_token } = tokens;
    const to = organization === '' ? {} : { organization };
    this.#sessions.save({ url: this.url, username, ...to, token, refresh_token });
  }

  /**
   * Gives the refresh token back and forgets the session, also when nobody is there to take it.
   * @returns whose it was, and was the root told?
   */
  async logout(): Promise<Session & { told: boolean }> {
    const session = this.#session();
    const call: Call = { method: 'POST', path: '/api/auth/logout', token: session.refresh_token };
    const answer = await this.#send(call).catch((error: unknown) => {
      if (isErrorOf(error, ERRORS.UNREACHABLE)) return null;
      throw error;
    });
    // A 401: the root takes this token no more, which is what was wanted.
    if (answer !== null && answer.status !== 401) succeeded(call, answer);
    this.#sessions.clear();
    return { ...session, told: answer !== null };
  }

  /** @returns the applications that it made */
  createApplication(sla: unknown): Promise<ApiApplication[]> {
    return this.#call('POST', '/api/application', sla);
  }

  applications(): Promise<ApiApplication[]> {
    return this.#call('GET', '/api/applications');
  }

  async removeApplication(id: string): Promise<void> {
    await this.#call('DELETE', `/api/application/${encodeURIComponent(id)}`);
  }

  services(): Promise<ApiService[]> {
    return this.#call('GET', '/api/services');
  }

  servicesOf(applicationId: string): Promise<ApiService[]> {
    return this.#call('GET', `/api/services/${encodeURIComponent(applicationId)}`);
  }

  service(id: string): Promise<ApiService> {
    return this.#call('GET', `/api/service/${encodeURIComponent(id)}`);
  }

  /** @param change fields of the service, or an SLA with this service alone. @returns the service, its update begun */
  updateService(id: string, change: object): Promise<ApiService> {
    return this.#call('PUT', `/api/service/${encodeURIComponent(id)}`, change);
  }

  async removeService(id: string): Promise<void> {
    await this.#call('DELETE', `/api/service/${encodeURIComponent(id)}`);
  }

  /** @returns the number of the new instance */
  async addInstance(serviceId: string): Promise<number> {
    const path = `/api/service/${encodeURIComponent(serviceId)}/instance`;
    return (await this.#call<{ instance_number: number }>('POST', path)).instance_number;
  }

  /** @param number -1 = all */
  async removeInstance(serviceId: string, number: number): Promise<void> {
    await this.#call('DELETE', `/api/service/${encodeURIComponent(serviceId)}/instance/${number}`);
  }

  /** What happened to an instance. */
  history(serviceId: string, number: number): Promise<ApiHistory> {
    return this.#call('GET', `/api/service/${encodeURIComponent(serviceId)}/instance/${number}/history`);
  }

  async clusters(): Promise<ClusterView[]> {
    const call: Call = { method: 'GET', path: '/api/clusters/' };
    return succeeded(call, await this.#send(call)) as ClusterView[];
  }

  /** What changes from now on, until `signal` says otherwise; it comes back by itself when it is cut off. */
  events(filter: EventFilter, signal: AbortSignal): AsyncGenerator<FeedItem> {
    const query = new URLSearchParams(Object.entries(filter)).toString();
    const path = `/api/events${query === '' ? '' : `?${query}`}`;
    return followEvents(last => this.stream(path, { 'last-event-id': last }, signal), signal);
  }

  /** An answer that is read as it comes. */
  async stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    const session = this.#session();
    const call: Call = { method: 'GET', path, headers, signal };
    const first = await this.#told(() => open(this.url, { ...call, token: session.token }));
    if (first.statusCode === 200) return first;
    const refused = await answerOf(this.url, first);
    if (refused.status !== 401) throw failureOf(call, refused);
    const token = await this.#renew(session, call, refused);
    const second = await this.#told(() => open(this.url, { ...call, token }));
    if (second.statusCode === 200) return second;
    throw failureOf(call, await answerOf(this.url, second));
  }

  async #call<T>(method: Call['method'], path: string, body?: unknown): Promise<T> {
    const session = this.#session();
    const call = { method, path, body };
    const answer = await this.#send({ ...call, token: session.token });
    if (answer.status !== 401) return succeeded(call, answer) as T;
    const token = await this.#renew(session, call, answer);
    return succeeded(call, await this.#send({ ...call, token })) as T;
  }

  async #renew(session: Session, call: Call, refused: Answer): Promise<string> {
    const refresh: Call = { method: 'POST', path: '/api/auth/refresh', token: session.refresh_token };
    const answer = await this.#send(refresh);
    const token = (answer.body as { token?: string } | null)?.token;
    if (answer.status !== 200 || !token) throw failureOf(call, refused);
    this.#sessions.save({ ...session, token });
    return token;
  }

  #send(call: Call): Promise<Answer> {
    return this.#told(() => send(this.url, call));
  }

  /** Says where the address came from when nobody is there. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#origin === '' || !(error instanceof HedgerowError) || error.kind !== ERRORS.UNREACHABLE)
        throw error;
      throw new HedgerowError(error.kind, `${error.message} (address ${this.#origin})`, { cause: error });
    }
  }

  #session(): Session {
    const session = this.#sessions.load();
    if (session?.url === this.url) return session;
    const where = session === null ? '' : ` (the session is for ${session.url})`;
    throw new HedgerowError(
      ERRORS.NOT_LOGGED_IN,
      `not logged in at ${this.url}${where}: run \`hedge login\``,
    );
  }
}

function succeeded(call: Call, answer: Answer): unknown {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw failureOf(call, answer);
}
