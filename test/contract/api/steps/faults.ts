/** What Oakestra answers with 500 or a false 200, and what is right: a line per fault of its endpoint table. */
import type { Step } from '../step.ts';
import { APPLICATIONS } from './faults/applications.ts';
import { LOGINS } from './faults/logins.ts';
import { PATHS } from './faults/paths.ts';
import { PEOPLE } from './faults/people.ts';
import { SERVICES } from './faults/services.ts';

/** In this order: later ones use what earlier ones made. */
export const FAULTS: readonly Step[] = [...LOGINS, ...APPLICATIONS, ...SERVICES, ...PEOPLE, ...PATHS];
