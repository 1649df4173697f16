/**
 * The rules of the tree that neither the compiler nor the linter can see, over the text of the source files. The
 * formatter puts every top-level statement at column 0, which is what makes plain patterns enough.
 */
import { dirname, join, normalize } from 'node:path/posix';

export interface SourceFile {
  /** from the top of the repository: `common/src/clock.ts` */
  path: string;
  text: string;
}

export interface Violation {
  path: string;
  rule: string;
  found: string;
}

interface Import {
  from: string;
  /** the text between `import` and `from` */
  names: string;
  typeOnly: boolean;
}

interface Parsed {
  path: string;
  workspace: string;
  lines: number;
  /** neither test nor test support */
  product: boolean;
  imports: Import[];
  /** comments and the insides of literals are blank */
  code: string;
}

type Tree = ReadonlyMap<string, Parsed>;
type Rule = (file: Parsed, tree: Tree) => string[];

const MAX_LINES = 400;

/** May import every workspace: they put the tiers together, drive them or measure them. */
const COMPOSERS = ['cli', 'test', 'bench', 'scripts'];
/** Below the tiers, which may import exactly these two. */
const GROUND: Readonly<Record<string, readonly string[]>> = { protos: [], common: [] };

const PURE =
  /^[^/]+\/src\/(?:(?:sla|scheduler|table)\/|instances\/(?:state|decide|restart)\.ts$|jobs\/(?:judge|compare|steps)\.ts$)/;
const IO_MODULES =
  /^(?:node:(?!util$|url$|path$)|@grpc\/|express$|mqtt$|aedes$|dockerode$|mongodb$|pino$|jsonwebtoken$)/;
const IO_OF_GROUND =
  /\b(?:httpNetManager|openSqlite|openMongodb|openStore|listen|closeServer|systemClock|createLogger|newId|newSecret|runUntilSignal|every|Clock)\b/;
const IO_GLOBALS =
  /\b(?:Date\.now|new Date|setTimeout|setInterval|setImmediate|performance|Math\.random|process|fetch|crypto)\b(?!\s*[:?])/;
const DOMAIN_WORD = /\w*(?:worker|cluster|microservice|container|instance(?!of|Path)|application)\w*/i;

export const RULES: Readonly<Record<string, Rule>> = {
  'a workspace imports only those below it': file =>
    file.imports.flatMap(({ from }) => {
      const [, workspace] = /^@hedgerow\/([^/]+)/.exec(from) ?? [];
      return workspace === undefined || mayImport(file, workspace) ? [] : [from];
    }),

  'a relative import stays in its workspace and names the file': file =>
    file.imports.map(({ from }) => from).filter(from => from.startsWith('.') && !isProperPath(file, from)),

  'test support is for tests': file =>
    file.product && !COMPOSERS.includes(file.workspace)
      ? file.imports
          .map(({ from }) => from)
          .filter(from => /\/testing(?:\/|$)|^@hedgerow\/test(?:\/|$)/.test(from))
      : [],

  'common knows no domain word': file =>
    file.workspace === 'common' && file.product ? (DOMAIN_WORD.exec(file.code) ?? []) : [],

  'a pure file does no I/O, takes no clock and no chance': (file, tree) =>
    file.product && PURE.test(file.path)
      ? [...reached(file, tree)].flatMap(part => ioOf(part, part === file)).concat(clockOf(file))
      : [],

  'a module has no state': file => (file.product ? moduleState(file.code) : []),

  'there is no default export': file =>
    matches(file.code, /^export default.*|^export \{[^}]*\bas default\b[^}]*\}/gm),

  'only exec/ of the net manager starts programs': file =>
    file.workspace === 'net-manager' && file.product && !file.path.startsWith('net-manager/src/exec/')
      ? file.imports.map(({ from }) => from).filter(from => /^(?:node:)?child_process$/.test(from))
      : [],

  [`a source file has at most ${MAX_LINES} lines`]: file =>
    file.product && file.lines > MAX_LINES ? [`${file.lines} lines`] : [],
};

export function check(files: readonly SourceFile[], rules = RULES): Violation[] {
  const tree = new Map(files.map(file => [file.path, parse(file)]));
  return Object.entries(rules).flatMap(([rule, run]) =>
    [...tree.values()].flatMap(file => run(file, tree).map(found => ({ path: file.path, rule, found }))),
  );
}

function parse({ path, text }: SourceFile): Parsed {
  return {
    path,
    workspace: workspaceOf(path),
    lines: text.trimEnd().split('\n').length,
    product: !/\.test\.ts$|\/testing\//.test(path),
    imports: importsOf(blank(text, 'comments')),
    code: blank(text, 'comments and literals'),
  };
}

function workspaceOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function mayImport(file: Parsed, workspace: string): boolean {
  if (workspace === file.workspace || COMPOSERS.includes(file.workspace)) return true;
  if (workspace === 'test') return !file.product;
  return (GROUND[file.workspace] ?? ['protos', 'common']).includes(workspace);
}

/** Plain JavaScript is only outside `src`: the launchers that must run before anything is installed. */
function isProperPath(file: Parsed, from: string): boolean {
  const target = resolve(file.path, from);
  const stays = file.workspace === 'scripts' || workspaceOf(target) === file.workspace;
  return stays && (/\.(?:ts|json)$/.test(target) || (/\.m?js$/.test(target) && !target.includes('/src/')));
}

function resolve(path: string, from: string): string {
  return normalize(join(dirname(path), from));
}

/** The file itself and what it runs of the same workspace; types are not run. */
function reached(file: Parsed, tree: Tree): Set<Parsed> {
  const seen = new Set([file]);
  for (const part of seen)
    for (const { from, typeOnly } of part.imports) {
      const next = from.startsWith('.') && !typeOnly ? tree.get(resolve(part.path, from)) : undefined;
      if (next) seen.add(next);
    }
  return seen;
}

function ioOf(file: Parsed, itself: boolean): string[] {
  const where = itself ? '' : ` in ${file.path}`;
  const run = file.imports.filter(({ typeOnly }) => !typeOnly);
  const modules = run.filter(isIo).map(({ from }) => from);
  const globals = matches(file.code, new RegExp(IO_GLOBALS, 'g'));
  return [...modules, ...globals].map(found => `${found}${where}`);
}

/** A hash is computed, not read from anywhere; the rest of node:crypto draws random numbers. */
function isIo({ from, names }: Import): boolean {
  return IO_MODULES.test(from) && !(from === 'node:crypto' && /^ \{ createHash \}$/.test(names));
}

function clockOf(file: Parsed): string[] {
  return file.imports.flatMap(({ from, names }) =>
    /^@hedgerow\/(?:common|protos)$/.test(from) ? (IO_OF_GROUND.exec(names) ?? []) : [],
  );
}

/** Variables, objects that live on, and containers that change or that others could change. */
function moduleState(code: string): string[] {
  const variables = matches(code, /^(?:export )?(?:let|var) \w+/gm);
  const statics = matches(code, /^ +(?:private |public )?static (?!readonly\b)#?\w+(?:: [^=(]+)? =/gm);
  const constants = [...code.matchAll(CONSTANT)]
    .filter(([, exported, name = '', type = '', value = '']) => {
      if (IMMUTABLE.test(value) || /^(?:Readonly|readonly )/.test(type)) return false;
      return !CONTAINER.test(value) || exported !== undefined || changes(code, name);
    })
    .map(([, , name, , value]) => `const ${name} = ${value}`);
  return [...variables, ...statics, ...constants];
}

const CONSTANT = /^(export )?const (\w+)(?:: ([^=]*?))? =\s*(new \w+|\[\]|\{\})(?= |;|\(|<)/gm;
const IMMUTABLE = /^new (?:RegExp|TextEncoder|TextDecoder|URL)$/;
const CONTAINER = /^(?:new (?:Map|Set|WeakMap|WeakSet|Array)|\[\]|\{\})$/;

/** An empty one that nothing in its file changes is a constant as well. */
function changes(code: string, name: string): boolean {
  const call = `${name}\\.(?:add|set|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin)\\(`;
  const write = `${name}(?:\\.\\w+|\\[[^\\]]*\\])+\\s*(?:[-+*/|&^?]{0,2}=(?!=)|\\+\\+|--)`;
  return new RegExp(`\\b(?:${call}|${write})|\\bdelete ${name}\\b`).test(code);
}

function importsOf(text: string): Import[] {
  const statements = [
    ...text.matchAll(/^(?:import|export)\b([^;'"]*?)\s*(?:\bfrom\s*)?['"]([^'"\n]+)['"];/gm),
  ].map(([, names = '', from = '']) => ({
    from,
    names,
    typeOnly: /^\s*type\b/.test(names) || onlyTypes(names),
  }));
  const calls = [...text.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]/g)].map(([, from = '']) => ({
    from,
    names: '',
    typeOnly: false,
  }));
  return [...statements, ...calls];
}

function onlyTypes(names: string): boolean {
  const [, list] = /^\s*\{([^}]*)\}\s*$/.exec(names) ?? [];
  const parts = (list ?? '').split(',').filter(part => part.trim() !== '');
  return parts.length > 0 && parts.every(part => /^\s*type\s/.test(part));
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([found]) => found.trim());
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const STRING = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`;
const TEMPLATE = String.raw`\`(?:\\.|[^\`\\])*\``;
const REGEXP = String.raw`(?<=[(,=:[!&|?{};+>]\s*|return )\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*`;
const LITERAL = `(${COMMENT})|(${STRING})|(${TEMPLATE})|(${REGEXP})`;

/** Keeps lines and columns; what a template computes stays. */
function blank(text: string, what: 'comments' | 'comments and literals'): string {
  const spaces = (part: string) => part.replace(/[^\n]/g, ' ');
  return text.replace(new RegExp(LITERAL, 'g'), (all, comment, string, template) => {
    if (comment !== undefined) return spaces(all);
    if (what === 'comments') return all;
    if (template !== undefined)
      return (template as string).replace(/\$\{[^}]*\}|[^\n]/g, part => (part.length > 1 ? part : ' '));
    return string === undefined ? spaces(all) : `'${spaces(all.slice(1, -1))}'`;
  });
}
