import { parseLogs } from '../commands.ts';
import type { Handler } from './index.ts';

/** `control/logs`: somebody reads an instance's output, still reads it, or does not any more. */
export const handleLogs: Handler = (context, topic, payload) =>
  context.logs.request(parseLogs(topic, payload));
