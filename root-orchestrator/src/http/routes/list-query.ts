/** What the lists can be asked for; all of it left out gives what Oakestra's clients know: the whole list. */
import type { Page } from '@hedgerow/common';
import { STATUSES } from '@hedgerow/protos';
import { Type } from 'typebox';
import type { ListQuery } from '../../services/catalogue.ts';

const MOST = 1000;

const PAGE = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST, description: 'At most so many.' })),
  after: Type.Optional(
    Type.String({ maxLength: 100, description: 'Those behind this id: the last one of the part before.' }),
  ),
};

const COMMON = {
  ...PAGE,
  name: Type.Optional(Type.String({ maxLength: 100, description: 'Its own name, whole.' })),
  namespace: Type.Optional(Type.String({ maxLength: 100, description: 'Its own namespace.' })),
};

export const PageQuerySchema = Type.Object(PAGE);
export const ApplicationQuerySchema = Type.Object(COMMON);
export const ServiceQuerySchema = Type.Object({
  ...COMMON,
  status: Type.Optional(Type.String({ enum: Object.keys(STATUSES), description: 'Of the service.' })),
});

/** @param all in order of id. @param query checked by one of the schemas */
export function partOf<T extends { _id: { $oid: string } }>(
  all: readonly T[],
  query: Readonly<Record<string, unknown>>,
): T[] {
  const { after = '', limit = all.length } = query as Page;
  return all.filter(({ _id }) => _id.$oid > after).slice(0, limit);
}

/** @param query checked by one of the schemas */
export function listQuery(query: Readonly<Record<string, unknown>>): ListQuery {
  return query as ListQuery;
}
