import { parseTable } from '../commands.ts';
import type { Handler } from './index.ts';

/** `net/table`: the whole table, or a part of it. Without an overlay there is nobody to tell. */
export const handleTable: Handler = (context, topic, payload) => {
  context.gateway?.takeTable(parseTable(topic, payload));
};
