import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONFIG_ERRORS,
  configHelp,
  flag,
  host,
  integer,
  oneOf,
  port,
  readConfig,
  type Settings,
  text,
} from './config.ts';
import { isErrorOf } from './errors.ts';

interface Config {
  name: string;
  port: number;
  share: number;
  level: string;
  overlay: boolean;
}

const SETTINGS: Settings<Config> = {
  name: { flag: 'name', short: 'n', env: 'NAME', default: '', help: 'Name.', parse: text },
  port: { flag: 'port', short: 'p', env: 'PORT', default: 10100, help: 'Port.', parse: port },
  share: { flag: 'share', default: 5, help: 'Share.', parse: integer(-5, 10) },
  level: { flag: 'level', env: 'LEVEL', default: 'info', help: 'Level.', parse: oneOf('info', 'debug') },
  overlay: { flag: 'overlay', env: 'OVERLAY', default: false, help: 'Overlay.', parse: flag },
};

test('defaults, then environment, then flags', () => {
  assert.deepEqual(readConfig(SETTINGS, [], {}), {
    name: '',
    port: 10100,
    share: 5,
    level: 'info',
    overlay: false,
  });
  const config = readConfig(SETTINGS, ['-p', '1', '--overlay', '--share=-3'], { PORT: '2', NAME: 'env' });
  assert.deepEqual(config, { name: 'env', port: 1, share: -3, level: 'info', overlay: true });
});

test('an empty variable counts as none', () => {
  const config = readConfig(SETTINGS, [], { PORT: '', OVERLAY: '', LEVEL: '' });
  assert.deepEqual([config.port, config.overlay, config.level], [10100, false, 'info']);
});

for (const [argv, env, name] of [
  [['--port', '65536'], {}, '--port'],
  [['--port', ''], {}, '--port'],
  [['--port', '0x10'], {}, '--port'],
  [['--port', '1e3'], {}, '--port'],
  [['--port', ' 5'], {}, '--port'],
  [['--share', '11'], {}, '--share'],
  [['--share', '1.5'], {}, '--share'],
  [['--level', 'loud'], {}, '--level'],
  [[], { PORT: 'http' }, 'PORT'],
  [[], { OVERLAY: 'yes' }, 'OVERLAY'],
] as const) {
  test(`a bad value is named: ${argv.join(' ')}${JSON.stringify(env)}`, () => {
    assert.throws(
      () => readConfig(SETTINGS, argv, env),
      error => {
        assert.ok(isErrorOf(error, CONFIG_ERRORS.BAD_CONFIG));
        assert.equal(error.errors[0]?.path, name);
        assert.ok(error.message.startsWith(`${name} is "`));
        return true;
      },
    );
  });
}

for (const argv of [['--prot', '1'], ['stray'], ['--port'], ['--overlay=maybe']]) {
  test(`an argument that nobody reads is refused: ${argv.join(' ')}`, () => {
    assert.throws(
      () => readConfig(SETTINGS, argv, {}),
      error =>
        isErrorOf(error, CONFIG_ERRORS.BAD_CONFIG) && error.message.includes(argv[0]?.split('=')[0] ?? ''),
    );
  });
}

test('help has a line per setting with flag, variable and default', () => {
  const lines = configHelp(SETTINGS).split('\n');
  assert.equal(lines.length, 5);
  assert.match(lines[1] ?? '', /^ {2}-p, --port \(PORT\) +Port\. \[10100\]$/);
  assert.match(lines[0] ?? '', /Name\.$/);
});

test('a host is a name or an address alone', () => {
  for (const value of ['site1', 'site1.example', '0.0.0.0', '::1'])
    assert.equal(host(value, '--host'), value);
  for (const value of ['', 'a b', 'site1:10100', 'http://site1', '[::1]', 'a\n'])
    assert.throws(() => host(value, '--host'), { code: 'BAD_CONFIG', message: /^--host is / });
});
