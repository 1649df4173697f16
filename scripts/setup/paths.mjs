import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository; may contain spaces. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
