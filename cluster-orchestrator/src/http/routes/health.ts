import { type StatusPages, type StatusPath, sendPage } from '@hedgerow/common/metrics';
import type { Route } from '../route.ts';

/** `/metrics`, `/healthz`, `/readyz` */
export function healthRoutes(pages: StatusPages): Route[] {
  return (Object.keys(pages) as StatusPath[]).map(path => ({
    method: 'get',
    path,
    handle: async (request, response) => sendPage(response, await pages[path](request)),
  }));
}
