import { isErrorOf, messageOf, STORE_ERRORS } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import { parseDelete, parseDeploy } from '../commands.ts';
import type { Handler, HandlerContext } from './index.ts';

/**
 * `control/deploy`: stored before the broker gets its acknowledgement; the work itself goes on behind it. One that cannot be
 * read or stored is answered at once, so that the cluster need not wait for its deadline to learn why.
 */
export const handleDeploy: Handler = async (context, topic, payload) => {
  try {
    await context.instances.deploy(parseDeploy(topic, payload));
  } catch (error) {
    const why = complaint(context, error);
    if (why !== null) context.instances.refuse(parseDelete(topic, payload), why);
    throw error;
  }
};

/** @returns null for what is no fault of the order or of the disk */
function complaint({ worker }: Pick<HandlerContext, 'worker'>, error: unknown): string | null {
  if (isErrorOf(error, ERRORS.BAD_MESSAGE)) return error.message;
  if (isErrorOf(error, STORE_ERRORS.STORE_FULL))
    return `the disk of worker ${worker} is full: ${error.message}`;
  if (isErrorOf(error, STORE_ERRORS.STORE_FAILED))
    return `worker ${worker} cannot store the order: ${messageOf(error)}`;
  return null;
}
