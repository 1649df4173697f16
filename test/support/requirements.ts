/** For the `skip` of a test: why it cannot run here, or false. */
export function withoutRoot(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? false : 'needs root';
}
