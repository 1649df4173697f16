/** The parts of a Node Engine for a world that has its own containers, network, disk and time. */
export { followCluster } from '../cluster/follow.ts';
export type { JsonAnswer } from '../cluster/http.ts';
export {
  REGISTRATION,
  type RegistrationDocument,
  registerForEver,
  registrationIn,
} from '../cluster/registration.ts';
export { completeConfig, type NodeConfig } from '../config.ts';
export type { Machine } from '../engine.ts';
export { ERRORS } from '../errors.ts';
export type { LogLine } from '../logs/lines.ts';
export { messageMeter } from '../metrics/session.ts';
export type { Session, SessionOptions } from '../mqtt/session.ts';
export { composeNode, type NodeParts } from '../node.ts';
export type {
  ContainerRequest,
  ImageFacts,
  Listed,
  Observed,
  Runtime,
  RuntimeListener,
} from '../runtimes/runtime.ts';
