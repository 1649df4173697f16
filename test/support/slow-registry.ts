/** A registry of images on loopback that takes its time: who pulls from it waits until it is told to refuse. */
import { createServer, type ServerResponse } from 'node:http';
import { closeServer, listen } from '@hedgerow/common';

export interface SlowRegistry {
  /** `127.0.0.1:<port>/slow`; without TLS, which the Docker Engine takes from loopback */
  repository: string;
  /** when the first question has come */
  asked: Promise<void>;
  /** Answers 404 to everything, from now on. */
  refuse(): void;
  stop(): Promise<void>;
}

export async function startSlowRegistry(): Promise<SlowRegistry> {
  const waiting: ServerResponse[] = [];
  const asked = Promise.withResolvers<void>();
  let refusing = false;
  const answer = (response: ServerResponse) => response.writeHead(404).end();
  const server = createServer((_, response) => {
    asked.resolve();
    if (refusing) answer(response);
    else waiting.push(response);
  });
  const { port } = (await listen(server, { host: '127.0.0.1', port: 0 })) as { port: number };
  return {
    repository: `127.0.0.1:${port}/slow`,
    asked: asked.promise,
    refuse() {
      refusing = true;
      for (const response of waiting) answer(response);
    },
    async stop() {
      server.closeAllConnections();
      await closeServer(server);
    },
  };
}
