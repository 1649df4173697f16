export * from './manual-clock.ts';
export * from './random.ts';
export * from './small-disk.ts';
