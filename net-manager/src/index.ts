export { type NetDeps, type RunningNet, startNetManager } from './app.ts';
export { type NetConfig, type NetSettings, netConfig, netSettings } from './config.ts';
export { teardown } from './teardown.ts';
