import { parseTableResult } from '../commands.ts';
import type { Handler } from './index.ts';

/** `net/tablequery/result`: one service, asked for or changed. */
export const handleTableResult: Handler = (context, topic, payload) => {
  context.gateway?.setEntry(parseTableResult(topic, payload));
};
