/** The Docker Engine's own API over its unix socket: nothing between the request and the socket but Node's http. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

const API = '/v1.41';

export interface ContainerSpec {
  image: string;
  cmd: string[];
  /** MiB */
  memory: number;
  /** cores, 0 = no limit */
  vcpus: number;
}

export interface DockerEvent {
  /** create, start, die, … */
  action: string;
  containerId: string;
  /** epoch ms with a fraction */
  at: number;
}

export class DockerEngine {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  get socketPath(): string {
    return this.#socketPath;
  }

  /** Network `none`, no init, no restart: the least that the Engine can do to start a program. @returns the id */
  async create(spec: ContainerSpec): Promise<string> {
    const body = {
      Image: spec.image,
      Cmd: spec.cmd,
      HostConfig: { NetworkMode: 'none', Memory: spec.memory * 2 ** 20, NanoCpus: spec.vcpus * 1e9 },
    };
    const created = await this.call('POST', '/containers/create', JSON.stringify(body));
    return (JSON.parse(created) as { Id: string }).Id;
  }

  async start(id: string): Promise<void> {
    await this.call('POST', `/containers/${id}/start`);
  }

  async remove(id: string): Promise<void> {
    await this.call('DELETE', `/containers/${id}?force=1&v=1`);
  }

  /** @returns process id of the container's first process, 0 when it does not run */
  async pid(id: string): Promise<number> {
    const text = await this.call('GET', `/containers/${id}/json`);
    return (JSON.parse(text) as { State: { Pid: number } }).State.Pid;
  }

  async containers(): Promise<{ id: string; labels: Record<string, string> }[]> {
    const list = JSON.parse(await this.call('GET', '/containers/json?all=1')) as {
      Id: string;
      Labels: Record<string, string>;
    }[];
    return list.map(c => ({ id: c.Id, labels: c.Labels }));
  }

  /** What the container has written to standard output so far, without Docker's 8-byte frame heads. */
  async output(id: string): Promise<string> {
    return unframe(await this.#bytes('GET', `/containers/${id}/logs?stdout=1`));
  }

  async ping(): Promise<boolean> {
    return this.call('GET', '/_ping').then(
      () => true,
      () => false,
    );
  }

  /** Calls back for every event of a container from now on. @returns a function that ends it */
  async events(onEvent: (event: DockerEvent) => void): Promise<() => void> {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
    const response = await this.#send('GET', `/events?filters=${filters}`);
    const lines = createInterface(response).on('line', line => onEvent(parseEvent(line)));
    // the stream breaks when the Engine stops or we do: both are known by other means
    for (const end of [lines, response]) end.on('error', () => {});
    return () => response.destroy();
  }

  /** @throws with the Engine's own words when it refuses */
  async call(method: string, path: string, body = '', type = 'application/json'): Promise<string> {
    return (await this.#bytes(method, path, body, type)).toString();
  }

  close(): void {
    this.#agent.destroy();
  }

  async #bytes(method: string, path: string, body: string | Buffer = '', type = ''): Promise<Buffer> {
    const response = await this.#send(method, path, body, type);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if ((response.statusCode ?? 500) < 400) return bytes;
    throw new Error(`docker ${method} ${path}: ${response.statusCode} ${bytes.toString().trim()}`);
  }

  #send(method: string, path: string, body: string | Buffer = '', type = ''): Promise<IncomingMessage> {
    const headers =
      body.length > 0 ? { 'content-type': type, 'content-length': Buffer.byteLength(body) } : {};
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.#socketPath, agent: this.#agent, method, path: API + path, headers };
      request(options, resolve).once('error', reject).end(body);
    });
  }
}

/** Docker multiplexes standard output and error of a container without a terminal: 8 bytes of head per frame. */
export function unframe(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return Buffer.concat(parts).toString();
}

function parseEvent(line: string): DockerEvent {
  const event = JSON.parse(line) as { Action: string; Actor: { ID: string }; timeNano: number };
  return { action: event.Action, containerId: event.Actor.ID, at: event.timeNano / 1e6 };
}
