import { createExec } from './exec/exec.ts';
import { type Feature, probeKernel } from './kernel/probe.ts';

export type { Feature };

/** What a Net Manager on this machine would look for, without one. */
export function checkKernel(): Promise<Feature[]> {
  return probeKernel(createExec());
}
