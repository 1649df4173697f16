import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { check, RULES, type SourceFile } from './architecture.ts';

const top = join(import.meta.dirname, '..');
const files: SourceFile[] = globSync(['*/src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'], {
  cwd: top,
  exclude: ['**/node_modules', '**/dist'],
}).map(path => ({ path, text: readFileSync(join(top, path), 'utf8') }));

describe('the tree', () => {
  test('is there', () => assert.ok(files.length > 50, `${files.length} files`));
  for (const [name, rule] of Object.entries(RULES))
    test(name, () => {
      const found = check(files, { [name]: rule }).map(violation => `${violation.path}: ${violation.found}`);
      assert.deepEqual(found, []);
    });
});

const root = 'root-orchestrator/src/services/services.ts';
const pure = 'root-orchestrator/src/scheduler/rank.ts';

/** Each breaks one rule once: what is found, and what the text is. */
const BAD: Record<string, [path: string, text: string, found: string][]> = {
  'a workspace imports only those below it': [
    [root, `import { x } from '@hedgerow/net-manager';`, '@hedgerow/net-manager'],
    [root, `import type { X } from '@hedgerow/cli';`, '@hedgerow/cli'],
    [root, `import {\n  a,\n  b,\n} from '@hedgerow/node-engine';`, '@hedgerow/node-engine'],
    [root, `export * from '@hedgerow/cluster-orchestrator/x.ts';`, '@hedgerow/cluster-orchestrator/x.ts'],
    [root, `import '@hedgerow/bench';`, '@hedgerow/bench'],
    [root, `const x = await import('@hedgerow/node-engine');`, '@hedgerow/node-engine'],
    [root.replace('.ts', '.test.ts'), `import { x } from '@hedgerow/node-engine';`, '@hedgerow/node-engine'],
    ['protos/src/sla.ts', `import { x } from '@hedgerow/common';`, '@hedgerow/common'],
    ['common/src/clock.ts', `import { x } from '@hedgerow/protos';`, '@hedgerow/protos'],
  ],
  'a relative import stays in its workspace and names the file': [
    [root, `import { x } from '../../../net-manager/src/app.ts';`, '../../../net-manager/src/app.ts'],
    [root, `import { x } from './instances';`, './instances'],
    [root, `import { x } from './instances.js';`, './instances.js'],
  ],
  'test support is for tests': [
    [root, `import { manualClock } from '@hedgerow/common/testing';`, '@hedgerow/common/testing'],
    [root, `import { makers } from '../testing/makers.ts';`, '../testing/makers.ts'],
  ],
  'common knows no domain word': [
    ['common/src/store/store.ts', `export function workerOf() {}`, 'workerOf'],
    ['common/src/store/store.ts', `const applications = 3;`, 'applications'],
  ],
  'a pure file does no I/O, takes no clock and no chance': [
    [pure, `import { readFileSync } from 'node:fs';`, 'node:fs'],
    [pure, `import Docker from 'dockerode';`, 'dockerode'],
    [pure, `import { credentials } from '@grpc/grpc-js';`, '@grpc/grpc-js'],
    ['root-orchestrator/src/sla/validate.ts', `import express from 'express';`, 'express'],
    ['net-manager/src/table/diff.ts', `import { createSocket } from 'node:dgram';`, 'node:dgram'],
    [pure, `import { createHash, randomBytes } from 'node:crypto';`, 'node:crypto'],
    ['node-engine/src/instances/decide.ts', `const now = () => Date.now();`, 'Date.now'],
    [pure, `const later = () => setTimeout(() => {}, 1);`, 'setTimeout'],
    [pure, `const name = () => \`x\${Math.random()}\`;`, 'Math.random'],
    [pure, `const home = () => process.env.HOME;`, 'process'],
    [pure, `import { httpNetManager } from '@hedgerow/protos';`, 'httpNetManager'],
    [pure, `import { type Logger, openSqlite } from '@hedgerow/common';`, 'openSqlite'],
    [pure, `import type { Clock } from '@hedgerow/common';`, 'Clock'],
  ],
  'a module has no state': [
    [root, `let count = 0;`, 'let count'],
    [root, `export let count = 0;`, 'export let count'],
    [root, `var count;`, 'var count'],
    [
      root,
      `const known = new Map<string, number>();\nconst see = (id: string) => known.set(id, 1);`,
      'const known = new Map',
    ],
    [root, `export const known: Map<string, number> = new Map();`, 'const known = new Map'],
    [root, `const seen = new Set();\nfunction see(id: string) {\n  seen.add(id);\n}`, 'const seen = new Set'],
    [root, `const queue: string[] = [];\nconst next = () => queue.shift();`, 'const queue = []'],
    [
      root,
      `const cache: Record<string, string> = {};\nconst keep = (k: string) => (cache[k] = k);`,
      'const cache = {}',
    ],
    [root, `const totals = {};\nconst count = () => totals.all++;`, 'const totals = {}'],
    [root, `const events = new EventEmitter();`, 'const events = new EventEmitter'],
    [root, `class Counter {\n  static count = 0;\n}`, 'static count ='],
    [root, `class Counter {\n  static #all: string[] = [];\n}`, 'static #all: string[] ='],
  ],
  'there is no default export': [
    [root, `export default function start() {}`, 'export default function start() {}'],
    [root, `export { start as default };`, 'export { start as default }'],
  ],
  'only exec/ of the net manager starts programs': [
    [
      'net-manager/src/kernel/links.ts',
      `import { execFile } from 'node:child_process';`,
      'node:child_process',
    ],
    ['net-manager/src/app.ts', `const { spawn } = await import('child_process');`, 'child_process'],
  ],
  'a source file has at most 400 lines': [[root, 'f();\n'.repeat(401), '401 lines']],
};

describe('the checker finds', () => {
  for (const [rule, samples] of Object.entries(BAD))
    for (const [path, text, found] of samples)
      test(`${rule}: ${title(text)}`, () => {
        assert.deepEqual(check([{ path, text }]), [{ path, rule, found }]);
      });

  test('something for every rule', () => {
    assert.deepEqual(Object.keys(BAD).sort(), Object.keys(RULES).sort());
  });

  test('I/O that a pure file reaches through another file', () => {
    const helper = { path: 'root-orchestrator/src/scheduler/../files.ts', text: '' };
    const tree = [
      { path: pure, text: `import { load } from '../files.ts';` },
      { ...helper, path: 'root-orchestrator/src/files.ts', text: `import { readFileSync } from 'node:fs';` },
    ];
    const [violation] = check(tree);
    assert.equal(violation?.found, 'node:fs in root-orchestrator/src/files.ts');
  });
});

const GOOD: [path: string, text: string][] = [
  [root, `import { x } from '@hedgerow/common';\nimport type { Y } from '@hedgerow/protos';`],
  [root, `// import { x } from '@hedgerow/net-manager';\n/*\nlet count = 0;\n*/`],
  [root, `const RULES: ReadonlyMap<string, number> = new Map([['a', 1]]);`],
  [root, `const WORDS: ReadonlySet<string> = new Set(['a']);\nconst ORDER = ['a', 'b'] as const;`],
  [
    root,
    `const WORDS = new Set(['a']);\nconst known = (word: string) => WORDS.has(word) && WORDS.size === 1;`,
  ],
  [root, `const NONE: readonly string[] = [];\nconst PATTERN = new RegExp('a');`],
  [
    root,
    `export function f() {\n  let count = 0;\n  const known = new Map();\n  return { count, known };\n}`,
  ],
  [root, `class A {\n  static readonly limit = 3;\n  static of() {}\n}`],
  [root, 'const HELP = `\nlet us begin\nexport default nothing\n`;'],
  [root, `const QUOTE = /['"\`]/;\nconst text = 'import { x } from "@hedgerow/cli";';`],
  [root.replace('.ts', '.test.ts'), `import { c } from '@hedgerow/test/contract/c.ts';\nlet count = 0;`],
  ['cli/src/up.ts', `import { startRoot } from '@hedgerow/root-orchestrator';`],
  ['test/e2e/seed.test.ts', `import { startNode } from '@hedgerow/node-engine';`],
  [pure, `import type { Server } from 'node:http';\nconst processed = (job: { process: string }) => job;`],
  [pure, `import { createHash } from 'node:crypto';`],
  [pure, `import { HedgerowError, parseIpv4 } from '@hedgerow/common';\n/** Date.now() is not used */`],
  ['cli/src/up/child.ts', `import { nodePath } from '../../bin/lib/node.js';`],
  ['scripts/build.ts', `import { ENTRIES } from '../cli/bin/lib/entry.js';`],
  ['net-manager/src/exec/errand.ts', `import { spawn } from 'node:child_process';`],
  ['net-manager/src/kernel/links.test.ts', `import { execFileSync } from 'node:child_process';`],
  ['common/src/serial.ts', `const isError = (e: unknown) => e instanceof Error; // of a worker`],
];

describe('the checker lets pass', () => {
  for (const [path, text] of GOOD) test(title(text), () => assert.deepEqual(check([{ path, text }]), []));
});

function title(text: string): string {
  return text.slice(0, 70).replaceAll('\n', ' ');
}
