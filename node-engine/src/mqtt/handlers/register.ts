import { parseRegister } from '../commands.ts';
import type { Handler } from './index.ts';

/** `control/register`: the cluster answers a registration with another subnet by now. */
export const handleRegister: Handler = (context, topic, payload) =>
  context.registerAgain(parseRegister(topic, payload).subnet);
