/**
 * Loaded into every test file's process. The runner's own timeout ends a test, not a file: a server that a test left
 * open would hang the run. The timer is not a reason to stay alive, so it only fires for a file that does not end.
 */
const limit = Number(process.env.HEDGE_TEST_FILE_TIMEOUT);

if (process.env.NODE_TEST_CONTEXT && limit > 0) {
  setTimeout(() => {
    const left = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`${process.argv[1]} did not end within ${limit / 1000} s; still open: ${left}\n`);
    process.exit(1);
  }, limit).unref();
}
