import { cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const SWAGGER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE'];

/** Files that bundles read at run time: the gRPC contract, the API page, and the units that `hedge install` writes. */
export async function copyAssets(repository: string, target: string): Promise<void> {
  await mkdir(join(target, 'swagger-ui'), { recursive: true });
  await cp(join(repository, 'protos/proto/cluster-link.proto'), join(target, 'cluster-link.proto'));
  await cp(join(repository, 'packaging/systemd'), join(target, 'systemd'), { recursive: true });
  const require = createRequire(join(repository, 'root-orchestrator/package.json'));
  const swagger = dirname(require.resolve('swagger-ui-dist/package.json'));
  for (const file of SWAGGER_FILES) await cp(join(swagger, file), join(target, 'swagger-ui', file));
}
