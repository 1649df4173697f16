import type { Handler } from './index.ts';

/** `control/register`: the cluster answers a registration with something else by now, as another subnet. */
export const handleRegister: Handler = context => context.registerAgain();
