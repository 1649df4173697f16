/** The System Manager's HTTP API as a client sees it, over connections that stay open. */
import { Agent, request } from 'node:http';
import type { ApiApplication, ApiCluster, ApiService, Microservice } from '@hedgerow/protos';

export type RootAddress = { host: string; port: number } | { socketPath: string };

export interface Credentials {
  username: string;
  password: string;
}

export class RootApi {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #address: RootAddress;
  readonly #credentials: Credentials;
  #token = '';

  constructor(address: RootAddress, credentials: Credentials) {
    this.#address = address;
    this.#credentials = credentials;
  }

  async login(): Promise<void> {
    const tokens = await this.#call<{ token: string }>('POST', '/api/auth/login', this.#credentials);
    this.#token = tokens.token;
  }

  /** @returns the service ids by service name */
  async createApplication(name: string, microservices: Microservice[]): Promise<Map<string, string>> {
    const application = { application_name: name, application_namespace: 'bench', microservices };
    const sla = { sla_version: 'v2.0', customerID: 'Admin', applications: [application] };
    const created = await this.#call<ApiApplication[]>('POST', '/api/application', sla);
    const mine = created.find(a => a.application_name === name);
    if (!mine) throw new Error(`the root did not answer with application ${name}`);
    const services = await Promise.all(mine.microservices.map(id => this.service(id)));
    return new Map(services.map(service => [service.microservice_name, service.microserviceID]));
  }

  /** @returns the number of the new instance */
  async createInstance(serviceId: string): Promise<number> {
    const path = `/api/service/${serviceId}/instance`;
    return (await this.#call<{ instance_number: number }>('POST', path)).instance_number;
  }

  async removeInstance(serviceId: string, instance: number): Promise<void> {
    await this.#call('DELETE', `/api/service/${serviceId}/instance/${instance}`);
  }

  async service(serviceId: string): Promise<ApiService> {
    return this.#call<ApiService>('GET', `/api/service/${serviceId}`);
  }

  async clusters(): Promise<ApiCluster[]> {
    return this.#call<ApiCluster[]>('GET', '/api/clusters/');
  }

  close(): void {
    this.#agent.destroy();
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = body === undefined ? '' : JSON.stringify(body);
    let { status, text } = await this.#send(method, path, sent);
    if (status === 401 && this.#token !== '') {
      // an access token lives shorter than some benches
      this.#token = '';
      await this.login();
      ({ status, text } = await this.#send(method, path, sent));
    }
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  #send(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const headers: Record<string, string | number> = { 'content-length': Buffer.byteLength(body) };
    if (body !== '') headers['content-type'] = 'application/json';
    if (this.#token !== '') headers.authorization = `Bearer ${this.#token}`;
    return new Promise((resolve, reject) => {
      request({ ...this.#address, agent: this.#agent, method, path, headers }, response => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => resolve({ status: response.statusCode ?? 500, text }));
      })
        .once('error', reject)
        .end(body);
    });
  }
}
