/** Paths that Oakestra has and Hedgerow does not, because something else does their work: whoever calls them is told what. */
import { HedgerowError } from '@hedgerow/common';
import { MessageSchema } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import { type Route, route } from '../route.ts';

const STREAM = 'a cluster reports over the stream that it opens on this port (Hedgerow’s Cluster Manager)';
const SLA = 'send the SLA itself as the body of POST /api/application';

const REPLACED = [
  ['post', '/api/information/{clusterid}', STREAM],
  ['post', '/api/result/deploy', STREAM],
  ['get', '/frontend/uploader', SLA],
  ['post', '/frontend/uploader', SLA],
] as const;

export function replacedRoutes(): Route[] {
  return REPLACED.map(([method, path, instead]) =>
    route(
      {
        method,
        path,
        tag: 'Replaced',
        summary: `Not here: ${instead}.`,
        access: 'open',
        response: MessageSchema,
        errors: [ERRORS.REPLACED],
      },
      async () => {
        throw new HedgerowError(ERRORS.REPLACED, `there is no ${path} any more: ${instead}`);
      },
    ),
  );
}
