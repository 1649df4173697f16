/** For tests and benchmarks: the parts of which `hedge up` is made, and the client of the command line. */
export { Client, type ClusterView } from './api/client.ts';
export { type Answer, type Call, send } from './api/http.ts';
export { untilRunning, type WaitOptions } from './api/instances.ts';
export { linesOf } from './api/lines.ts';
export { memorySessions, type SessionStore } from './api/session.ts';
export { type Container, execIn, listContainers, removeContainer } from './docker/containers.ts';
export { DEMO_IMAGE, ensureDemoImage, hasImage, removeImage } from './docker/demo-image.ts';
export { DockerError, docker, dockerJson } from './docker/http.ts';
export { exec, ProgramError } from './system/exec.ts';
export { mountsBelow, unmountBelow } from './system/mounts.ts';
export { endProcess, identify, isAlive, type ProcessId, processesNaming } from './system/process.ts';
export { type Child, startChild } from './up/child.ts';
export { type Engine, ensureEngine } from './up/engine.ts';
export {
  type Cluster,
  type FleetOptions,
  type FleetWorker,
  type Root,
  shareOf,
  startCluster,
  startRoot,
  startWorker,
  untilJoined,
} from './up/fleet.ts';
export {
  createMachines,
  inNamespace,
  listNamespaces,
  type Machine,
  removeNamespaces,
} from './up/namespaces.ts';
export { type Answer as ServiceAnswer, containerOf, request, tally } from './up/requests.ts';
export { defaultRunsFolder, openRun, type Run, readRuns } from './up/run.ts';
export { sweep, tearDown } from './up/teardown.ts';
