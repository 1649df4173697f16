export { type NetDeps, type RunningNet, startNetManager } from './app.ts';
export { checkKernel, type Feature } from './check-kernel.ts';
export { type NetConfig, type NetSettings, netConfig, netSettings } from './config.ts';
export { teardown } from './teardown.ts';
