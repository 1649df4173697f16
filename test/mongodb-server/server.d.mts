export interface Server {
  /** without a database */
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
  /** SIGKILL */
  kill(): Promise<void>;
}

export interface ServerOptions {
  port?: number;
  file?: string;
  streams?: boolean;
}

export function withoutServer(env?: NodeJS.ProcessEnv): string | false;
export function startServer(options?: ServerOptions): Promise<Server>;
