export * from './manual-clock.ts';
export { random } from './random.ts';
export * from './small-disk.ts';
