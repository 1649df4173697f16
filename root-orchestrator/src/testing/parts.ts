/** The parts of a root for a world that has its own network, disk and time. */
export type { Caller } from '../auth/caller.ts';
export { type Call, Session } from '../clusters/session.ts';
export { type Collections, openCollections } from '../collections.ts';
export { Histories } from '../histories/histories.ts';
export type { Leadership } from '../leadership/leadership.ts';
export { soleLeadership } from '../leadership/sole.ts';
export { RootTerm } from '../leadership/term.ts';
export type { Instance, Service } from '../model.ts';
export { AddressBook } from '../network/addresses.ts';
export { Rollouts } from '../rollouts/rollouts.ts';
export { Applications } from '../services/applications.ts';
export { Changes } from '../services/changes.ts';
export { Instances } from '../services/instances.ts';
export { Services } from '../services/services.ts';
export { microservice, sla } from './slas.ts';
