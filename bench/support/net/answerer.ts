/** Program that runs inside a container's namespace: answers every connection's first bytes with one, then closes. */
import { createServer } from 'node:net';

const server = createServer({ noDelay: true }, socket => {
  socket.once('data', () => socket.end('y'));
  socket.on('error', () => socket.destroy());
});
server.listen(Number(process.argv[2]), '0.0.0.0', () => process.stdout.write('ready\n'));
