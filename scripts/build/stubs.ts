import type { Plugin } from 'esbuild';

/**
 * Packages that others load for what is not used here: dockerode's way to an engine over SSH (`ssh2`, and through it
 * `cpu-features`), native accelerators of `ws`, pino's worker threads, and what prom-client needs for exemplars and
 * summaries. Left in, they cost every process 5 MB.
 */
const UNUSED = [
  ...['ssh2', 'cpu-features', 'bufferutil', 'utf-8-validate', 'thread-stream', 'pino-pretty'],
  ...['@opentelemetry/api', 'tdigest'],
];
/** dockerode loads these to build images; a worker only runs them. */
const BUILDING = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tar-fs', '@balena/dockerignore'];

export const MANAGER_STUBS: readonly string[] = UNUSED;
export const WORKER_STUBS: readonly string[] = [...UNUSED, ...BUILDING];

/** Replaces them with a module that says what is missing when it is used after all. */
export function stubs(names: readonly string[]): Plugin {
  const filter = new RegExp(`^(?:${names.join('|')})(?:/.*)?$`);
  return {
    name: 'stubs',
    setup(build) {
      build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'stub' }));
      build.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
        contents: stub(path),
        loader: 'js',
      }));
    },
  };
}

function stub(name: string): string {
  const message = JSON.stringify(`${name} is not part of this bundle`);
  return `module.exports = new Proxy(function () {}, {
    get: (_, key) => key === '__esModule' ? undefined : module.exports,
    apply() { throw new Error(${message}); },
    construct() { throw new Error(${message}); },
  });`;
}
