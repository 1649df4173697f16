import { checkToken, type Registration } from '../../workers/registration.ts';
import { type Roster, removeWorker, viewWorkers } from '../../workers/roster.ts';
import { bearer, type Route, route } from '../route.ts';

/** For operators: with the join token of workers as a bearer token, or from loopback. */
export function workerRoutes(roster: Roster, guard: Pick<Registration, 'joinToken' | 'trusting'>): Route[] {
  return [
    route('get', '/api/workers', request => {
      checkToken(guard, bearer(request));
      return { workers: viewWorkers(roster) };
    }),
    route('delete', '/api/workers/:id', async request => {
      checkToken(guard, bearer(request));
      return removeWorker(roster, String(request.params.id));
    }),
  ];
}
