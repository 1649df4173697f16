import type { FromCluster } from '@hedgerow/protos';
import type { Session } from '../session.ts';
import { aggregate } from './aggregate.ts';
import type { Body, Handler, HandlerParts } from './handler.ts';
import { hello } from './hello.ts';
import { list } from './list.ts';
import { logChunk } from './log-chunk.ts';
import { placeAnswer } from './place-answer.ts';
import { reports } from './reports.ts';
import { subnetClaim } from './subnet-claim.ts';
import { subnetRelease } from './subnet-release.ts';
import { tableQuery } from './table-query.ts';

const HANDLERS: { readonly [B in Body]: Handler<B> } = {
  hello,
  aggregate,
  reports,
  place_answer: placeAnswer,
  subnet_claim: subnetClaim,
  subnet_release: subnetRelease,
  table_query: tableQuery,
  log_chunk: logChunk,
  list,
};

/** A message without a body is of a newer protocol and is passed over. */
export async function handle(session: Session, message: FromCluster, parts: HandlerParts): Promise<void> {
  if (!message.body) return;
  if (session.clusterId === '' && message.body !== 'hello') {
    return session.refuse('HELLO_MISSING', 'a stream begins with a Hello');
  }
  await dispatch(message.body, session, message, parts);
}

async function dispatch<B extends Body>(
  body: B,
  session: Session,
  message: FromCluster,
  parts: HandlerParts,
): Promise<void> {
  const content = message[body];
  if (content) await HANDLERS[body](session, content, parts);
}
