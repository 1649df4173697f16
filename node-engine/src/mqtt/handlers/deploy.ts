import { isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import { parseDelete, parseDeploy } from '../commands.ts';
import type { Handler } from './index.ts';

/** `control/deploy`: stored before the broker gets its acknowledgement; the work itself goes on behind it. */
export const handleDeploy: Handler = async (context, topic, payload) => {
  try {
    await context.instances.deploy(parseDeploy(topic, payload));
  } catch (error) {
    if (isErrorOf(error, ERRORS.BAD_MESSAGE))
      context.instances.refuse(parseDelete(topic, payload), error.message);
    throw error;
  }
};
