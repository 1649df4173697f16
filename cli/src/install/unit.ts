/** A unit of `packaging/systemd` with the paths of this installation in it. Pure. */

export interface Places {
  /** folder that holds `cli/` and `docs/` */
  installation: string;
  /** the pinned Node */
  node: string;
}

/** Folders that `ProtectHome=yes` hides from a service. */
const HOMES = ['/home/', '/root/', '/run/user/'];

export function renderUnit(template: string, { installation, node }: Places): string {
  const launcher = (name: string) => `${word(node)} ${word(`${installation}/cli/bin/${name}.js`)}`;
  const inHome = [installation, node].some(path => HOMES.some(home => path.startsWith(home)));
  const words: Record<string, string> = {
    HEDGE: launcher('hedge'),
    NODE_ENGINE: launcher('NodeEngine'),
    NET_MANAGER: launcher('NetManager'),
    INSTALLATION: installation.replaceAll('%', '%%').replaceAll(' ', '%20'),
    HOME: inHome ? 'read-only' : 'yes',
  };
  return template.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = words[name];
    if (value === undefined) throw new TypeError(`a unit has the unknown word @${name}@`);
    return value;
  });
}

/** systemd.service(5), "Command lines": `%` begins a specifier, `$` a variable, quotes hold what has spaces. */
function word(path: string): string {
  const escaped = path.replaceAll('%', '%%').replaceAll('$', '$$$$').replace(/[\\"]/g, '\\$&');
  return /[\s"'\\;]/.test(path) ? `"${escaped}"` : escaped;
}
