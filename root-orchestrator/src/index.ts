export { startRoot } from './app.ts';
export { type RootConfig, rootSettings } from './config.ts';
