/**
 * What a held container executes instead of its program: a static busybox that waits for one line on a FIFO and then
 * becomes the program, as if it had been started directly. See docs/decisions/0003-held-start.md.
 */

/** Paths inside of the container. */
export const SHIM_PATH = '/.hedgerow/busybox';
export const FIFO_PATH = '/.hedgerow/hold';

/**
 * Arguments: how many odd variables, the program, its arguments, the odd variables (K=V).
 * - The shell has variables of its own and clobbers names it assigns: all of ours begin with `_hr`, and SHLVL and
 *   PWD, which it adds, go again.
 * - A failing `read` (nobody will ever release) must not run the program.
 * - busybox prefers its applets to programs of the same name unless the path is absolute, so PATH is searched here,
 *   with builtins only; argv[0] stays the name that was asked for.
 * - The shell drops variables whose names it could not set itself (`discovery.type`): they are handed over behind the
 *   arguments, rotated to the front and set again by `env`. Only then is argv[0] the program's path, not its name.
 */
export const HOLD_SCRIPT = `read -r _hr </.hedgerow/hold || exit 125
unset SHLVL PWD
_hr_odd=$1 _hr_name=$2 _hr_path=
shift 2
case $_hr_name in
*/*) _hr_path=$_hr_name ;;
*)
  _hr=$PATH:
  while [ -n "$_hr" ]; do
    _hr_dir=\${_hr%%:*}
    _hr=\${_hr#*:}
    if [ -f "\${_hr_dir:-.}/$_hr_name" ] && [ -x "\${_hr_dir:-.}/$_hr_name" ]; then
      _hr_path=\${_hr_dir:-.}/$_hr_name
      break
    fi
  done ;;
esac
if [ -z "$_hr_path" ]; then
  echo "hedgerow: no program $_hr_name in PATH ($PATH) of the image" >&2
  exit 127
fi
[ "$_hr_odd" = 0 ] && exec -a "$_hr_name" "$_hr_path" "$@"
set -- "$_hr_path" "$@"
_hr=$(($# - _hr_odd))
while [ "$_hr" -gt 0 ]; do
  set -- "$@" "$1"
  shift
  _hr=$((_hr - 1))
done
exec ${SHIM_PATH} env "$@"`;

/**
 * @param argv the program and its arguments, not empty
 * @param environment everything that the container will have, K=V; the last one of a name wins
 */
export function holdCommand(argv: readonly string[], environment: readonly string[]): string[] {
  const odd = oddVariables(environment);
  return [SHIM_PATH, 'sh', '-c', HOLD_SCRIPT, 'hedgerow-hold', String(odd.length), ...argv, ...odd];
}

/** Variables that would not come through the shell as they are: names that it drops, sets itself, or that are ours. */
function oddVariables(environment: readonly string[]): string[] {
  const last = new Map(environment.map(entry => [entry.split('=', 1)[0] ?? '', entry]));
  return [...last].filter(([name]) => isOdd(name)).map(([, entry]) => entry);
}

function isOdd(name: string): boolean {
  return !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || /^(?:SHLVL|PWD|_hr.*)$/.test(name);
}
