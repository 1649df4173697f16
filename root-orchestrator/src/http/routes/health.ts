import { Type } from 'typebox';
import type { Collections } from '../../collections.ts';
import { type Route, route } from '../route.ts';

const StateSchema = Type.Object({ status: Type.String() }, { title: 'State' });

export function healthRoutes(collections: Collections): Route[] {
  const common = { method: 'get', tag: 'Health', access: 'open', response: StateSchema } as const;
  return [
    route({ ...common, path: '/healthz', summary: 'The process runs.' }, async () => ({ status: 'ok' })),
    route({ ...common, path: '/readyz', summary: 'The store answers too.' }, async () => {
      await collections.meta.get('organization');
      return { status: 'ready' };
    }),
  ];
}
