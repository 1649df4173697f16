import type { FromRoot } from '@hedgerow/protos';
import type { Down } from '../dispatch.ts';

/** The stream ends after this and is dialed again: the token or the name may be put right meanwhile. */
export function onRefused(down: Down, refused: NonNullable<FromRoot['refused']>): void {
  down.jobs.log.error({ code: refused.code }, `the root refused this cluster: ${refused.message}`);
}
