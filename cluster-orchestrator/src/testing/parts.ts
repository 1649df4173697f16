/** The parts of a cluster for a world that has its own network, disk and time. */
export type { ClusterConfig } from '../config.ts';
export { withdraw } from '../jobs/remove.ts';
export { clusterMeter } from '../metrics/meter.ts';
export type { Instance } from '../model.ts';
export { derivedAccounts, noAccounts } from '../mqtt/accounts/accounts.ts';
export type { Broker } from '../mqtt/broker.ts';
export { dispatch } from '../mqtt/dispatch.ts';
export { Outbox } from '../mqtt/outbox.ts';
export { buildParts, type Parts } from '../parts.ts';
export type { Dial, Dialed } from '../root/channel.ts';
export type { Seat } from '../scheduler/types.ts';
export { slot } from '../slot.ts';
export { type State, stateOver } from '../state.ts';
export { register } from '../workers/registration.ts';
export { sameSecret } from '../workers/secrets.ts';
