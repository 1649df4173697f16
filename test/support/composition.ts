import { cp, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exec } from '@hedgerow/cli';

const repository = join(import.meta.dirname, '../..');
const LEFT_OUT = new Set(['.git', '.hedgerow', 'node_modules', 'dist', 'coverage']);

/** Runs `docker-compose` with this repository's file. @returns its output; @throws ProgramError with what it said */
export type Compose = (...words: string[]) => Promise<string>;

/** What a user has who has just built the bundles: a copy of this repository with `dist/` of its sources. */
export async function copyWithBundles(folder: string): Promise<void> {
  await mkdir(folder);
  const filter = (file: string) => !LEFT_OUT.has(relative(repository, file).split('/').at(-1) ?? '');
  await cp(repository, folder, { recursive: true, filter });
  const [from, to] = [repository, join(folder, 'dist')].map(path => JSON.stringify(path));
  const program = `const { buildAll } = await import(${from} + '/scripts/build.ts'); await buildAll(${from}, ${to});`;
  await exec(process.execPath, ['--input-type=module', '--eval', program]);
}

/** @param settings variables of the composition; what a user writes into `.env` */
export function composeIn(folder: string, socket: string, settings: Record<string, string>): Compose {
  const env = Object.entries({ ...settings, DOCKER_HOST: `unix://${socket}`, BUNDLE: 'dist' });
  const words = env.map(([name, value]) => `${name}=${value}`);
  return (...command) =>
    exec('env', [
      ...words,
      'docker-compose',
      '--project-directory',
      folder,
      '-f',
      join(folder, 'docker-compose.yml'),
      '-p',
      'hedge',
      ...command,
    ]);
}
