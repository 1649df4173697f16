import type { Handler } from './index.ts';

/** `control/probe`: the cluster missed a beat and asks for one now. */
export const handleProbe: Handler = context => context.publishBeat();
