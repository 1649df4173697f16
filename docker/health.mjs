// HEALTHCHECK of an image: exit code 0 when the role says that it is alive. Arguments: the variable that holds a port or
// an address that ends with one, and what counts when it is empty.
import { get } from 'node:http';

const [variable, otherwise] = process.argv.slice(2);
const port = (process.env[variable] || otherwise).split(':').at(-1);
const end = code => process.exit(code);

get({ host: '127.0.0.1', port, path: '/healthz', timeout: 4000 }, ({ statusCode }) =>
  end(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => end(1))
  .on('error', () => end(1));
