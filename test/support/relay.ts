/**
 * Passes connections on, for tests that look into a network namespace: a unix socket is seen from every namespace, a
 * port only from its own. Arguments in pairs: where to listen, where to connect; `host:port` or `unix:/path`.
 */
import { connect, createServer } from 'node:net';
import { listen, parseAddress } from '@hedgerow/common';

async function relay(from: string, to: string): Promise<void> {
  const server = createServer(near => {
    const far = connect(parseAddress(to, 0));
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await listen(server, parseAddress(from, 0));
}

if (import.meta.main) {
  const places = process.argv.slice(2);
  for (let at = 0; at + 1 < places.length; at += 2) await relay(places[at] ?? '', places[at + 1] ?? '');
  process.stdout.write('ready\n');
}
