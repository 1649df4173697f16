export * from './manual-clock.ts';
export * from './small-disk.ts';
