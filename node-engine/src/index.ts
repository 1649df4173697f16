export { type NodeDeps, type NodeHandle, startNode } from './app.ts';
export { type NodeCli, type NodeConfig, nodeCliSettings, nodeSettings, readNodeCli } from './config.ts';
export { removeAll } from './remove-all.ts';
