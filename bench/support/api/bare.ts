/** Program: an Express application that does nothing but read a request's body and answer with the bytes of a file. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import express from 'express';

const folder = process.argv[2] as string;
const [list, made] = ['list.json', 'made.json'].map(name => readFileSync(path.join(folder, name)));

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/list', (_request, response) => void response.type('json').send(list));
app.post(
  '/make',
  express.json({ limit: '2mb' }),
  (_request, response) => void response.type('json').send(made),
);
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ msg: 'ready', url: `http://127.0.0.1:${port}` })}\n`);
});
