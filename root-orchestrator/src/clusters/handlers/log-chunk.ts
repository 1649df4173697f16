import type { Handler } from './handler.ts';

export const logChunk: Handler<'log_chunk'> = (session, message, { logs }) => logs.chunk(session, message);
