import type { TSchema } from 'typebox';

/** Paths of the fields that a schema does not know. They are kept; whoever misspelt one should hear of it. */
export function unknownFields(schema: TSchema, value: unknown, path = ''): string[] {
  const shape = schema as { properties?: Record<string, TSchema>; items?: TSchema };
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      shape.items ? unknownFields(shape.items, item, join(path, String(index))) : [],
    );
  }
  if (typeof value !== 'object' || value === null || !shape.properties) return [];
  const known = shape.properties;
  if (Object.keys(known).length === 0) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const schemaOfMember = Object.hasOwn(known, key) ? known[key] : undefined;
    return schemaOfMember ? unknownFields(schemaOfMember, member, join(path, key)) : [join(path, key)];
  });
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
