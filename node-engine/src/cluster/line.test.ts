import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { findLine, lineOf } from './line.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2713 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0200000A:C001 0100000A:2713 01 0000002F:00000000 01:00000014 00000002     0        0 2 4 0 40 0 0 1 7
   2: 0200000A:C002 0100000A:2713 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
   3: 0200000A:C003 0100000A:2713 08 00000011:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
`;

test('tells what was not acknowledged, and how often it was sent', () => {
  const at = (local: number, remote = 0x2713) => findLine(TABLE, { local, remote });
  assert.deepEqual(at(0xc001), { unacknowledged: 47, repeated: 2 });
  assert.deepEqual(at(0xc002), { unacknowledged: 0, repeated: 0 });
  assert.deepEqual([at(0xc003), at(0xc001, 0x2714), at(0x2713)], [null, null, null]);
});

test('knows a connection of this process, and none that has ended', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: remote } = server.address() as AddressInfo;
  const socket = connect(remote, '127.0.0.1');
  await once(socket, 'connect');
  const ends = { local: socket.localPort as number, remote };
  socket.write('beat');
  assert.equal((await lineOf(ends))?.repeated, 0);
  socket.destroy();
  server.close();
  await once(socket, 'close');
  assert.equal(await lineOf(ends), null);
  assert.equal(await lineOf(ends, ['/nowhere']), null);
});
