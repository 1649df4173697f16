import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HedgerowError } from '@hedgerow/common';
import { nodeMissing, pinnedNode } from '../../bin/lib/node.js';
import { ERRORS } from '../errors.ts';
import type { Places } from './unit.ts';

const OTHERS_MAY_ENTER = 0o001;
const HIDDEN = ['/tmp', '/var/tmp'];

/** Where this program is: services start the same one. @throws INSTALL_IMPOSSIBLE */
export function findPlaces(): Places {
  const installation = folderAbove('cli/bin/hedge.js');
  const node = pinnedNode(installation);
  if (node === undefined) throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, nodeMissing());
  return { installation, node };
}

/** The unit's text as it is in `packaging/systemd`, or beside the bundle. */
export function readTemplate({ installation }: Places, unit: string): string {
  const folders = [process.env.HEDGEROW_ASSETS, join(installation, 'dist/assets')].filter(
    folder => folder !== undefined,
  );
  const candidates = [
    join(installation, 'packaging/systemd'),
    ...folders.map(folder => join(folder, 'systemd')),
  ];
  const folder = candidates.find(candidate => existsSync(join(candidate, unit)));
  if (folder === undefined)
    throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, `this installation lacks ${unit}`);
  return readFileSync(join(folder, unit), 'utf8');
}

/** A service that is not root must be able to read the program. @throws INSTALL_IMPOSSIBLE */
export function needReadable({ installation, node }: Places): void {
  for (const path of [installation, dirname(node)]) {
    for (let folder = path; folder !== '/'; folder = dirname(folder)) {
      if ((statSync(folder).mode & OTHERS_MAY_ENTER) !== 0) continue;
      const message = `a service without root’s rights cannot read ${path}: ${folder} is closed to others. Move the installation, to /opt/hedgerow for example`;
      throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, message);
    }
  }
}

/** `PrivateTmp=yes` gives a service empty ones of its own. @throws INSTALL_IMPOSSIBLE */
export function needVisible({ installation, node }: Places): void {
  for (const path of [installation, node]) {
    const hidden = HIDDEN.find(folder => path.startsWith(`${folder}/`));
    if (hidden === undefined) continue;
    const message = `a service cannot see ${path}: it has a ${hidden} of its own. Move the installation, to /opt/hedgerow for example`;
    throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, message);
  }
}

function folderAbove(file: string): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return folder;
  }
  throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, `there is no ${file} above ${start}`);
}
