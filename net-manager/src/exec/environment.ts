/** Whoever starts us may lack the system directories in PATH; messages are read, so the locale is fixed. */
export function environment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C' };
}
