/**
 * What this machine can run. Containers and their network need Linux and root; everything else runs anywhere.
 * @returns {{ containers: boolean, why: string }} `why` is one line for people, empty when all works
 */
export function platform(system = process.platform, uid = process.getuid?.()) {
  if (system !== 'linux') return without(`Linux is missing (this is ${system})`);
  if (uid !== 0) return without('root is missing (run with sudo)');
  return { containers: true, why: '' };
}

function without(what) {
  return {
    containers: false,
    why: `${what}: no containers and no overlay network; root, cluster, API page and the tests that need neither still work.`,
  };
}
