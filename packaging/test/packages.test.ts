import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AgentConfigSchema } from '@linux-patch/agent';
import { VERSION } from '@linux-patch/contract';
import { ManagerConfigSchema } from '@linux-patch/manager';
import { parseConfiguration } from '@linux-patch/runtime/configuration';
import { PolicySchema } from '@linux-patch/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { ensurePrograms } from '../../tools/system-packages.ts';
import { run } from '../build/shell.ts';
import { CLEAN_ENVIRONMENT } from '../launcher.ts';
import { programFiles } from '../loader.ts';
import { PROGRAMS } from '../programs.ts';
import { buildInto, unpackDeb } from './built.ts';

const first = inject('packages');
let folder = '';

beforeAll(() => {
  ensurePrograms('Testing the packages', [
    ['lintian', 'lintian'],
    ['zsh', 'zsh'],
    ['fish', 'fish'],
  ]);
  folder = mkdtempSync(join(tmpdir(), 'linux-patch-packages-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sums(of: string): Record<string, string> {
  const files = readdirSync(of).filter((name) => /\.(deb|rpm|zst|json)$/.test(name));
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(of, name)))
        .digest('hex'),
    ]),
  );
}

describe('the release packages', () => {
  it('are made of both programs, for both architectures, in three formats, with a bill of materials each', () => {
    expect(Object.keys(sums(first))).toHaveLength(2 * 2 * (3 + 1));
    const said = inject('said');
    expect(said).toMatch(/linux-patch-api_[\d.]+-1_arm64\.deb {2}[\d.]+ MB {2}[\d.]+ s {2}sha256/);
    expect(said).toMatch(/^done in [\d.]+ s$/m);
  });

  it('are equal byte for byte when they are built again in another folder, time zone and umask, from the same profile', () => {
    const second = join(folder, 'elsewhere', 'second');
    mkdirSync(second, { recursive: true });
    for (const name of readdirSync(first).filter((one) => one.endsWith('.profile'))) {
      cpSync(join(first, name), join(second, name));
    }
    // What differs between the architectures is the Node that is copied.
    buildInto(
      second,
      ['--arch', 'amd64'],
      'umask 077; export TZ=Asia/Kolkata LANG=tr_TR.UTF-8 HOME=/nonexistent;',
    );
    const ofAmd64 = ([name]: [string, string]): boolean => /amd64|x86_64/.test(name);
    expect(sums(second)).toEqual(Object.fromEntries(Object.entries(sums(first)).filter(ofAmd64)));
    expect(Object.keys(sums(second))).toHaveLength(2 * (3 + 1));
  });

  it('are clean to lintian, apart from what lintian-overrides explains', () => {
    const debs = readdirSync(first).filter((name) => name.endsWith('_amd64.deb'));
    expect(debs).toHaveLength(2);
    // Half of lintian's work looks for misspelt words in Node, and none of them is an error or a warning.
    const look = ['--dont-check-part', 'binaries/spelling', '--fail-on', 'error,warning'];
    // Throws with what lintian says.
    run('lintian', [...look, '--tag-display-limit', '0', ...debs], { cwd: first });
  });

  it('say why there is none for Alpine when it is asked for', () => {
    const answer = buildInto(join(folder, 'apk'), ['--format', 'apk']);
    expect(answer).toMatch(/No \.apk is made\. .*musl.*glibc/);
    expect(answer).toMatch(/openrc\.initd/);
  });
});

describe.each(PROGRAMS.map((program) => program.name))('%s', (name) => {
  let tree = '';
  beforeAll(() => {
    tree = unpackDeb(first, name, 'amd64');
  });

  it('ships the licence of everything that is inside, in full', () => {
    const text = gunzipSync(readFileSync(join(tree, `usr/share/doc/${name}/licences.txt.gz`))).toString();
    const bill = JSON.parse(readFileSync(join(first, `${name}-${VERSION}-1.amd64.cdx.json`), 'utf8')) as {
      components: { name: string; version: string }[];
    };
    expect(bill.components.length).toBeGreaterThan(4);
    for (const { name: part, version } of bill.components.filter((one) => one.name !== 'node')) {
      expect(text).toContain(`${part} ${version} (`);
    }
    expect(text).toContain('Node.js 26.10.0');
  });

  it('has an example configuration with an explanation above every key, which is valid as it is and uncommented', () => {
    const example = readFileSync(join(tree, `usr/share/doc/${name}/examples/config.example.yaml`), 'utf8');
    const lines = example.split('\n');
    const keys = lines.filter((line) => /^# {2}[a-z]/.test(line));
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) expect(lines[lines.indexOf(key) - 1]).toMatch(/^ {2}# \S+ \S+/);
    const uncommented = lines.slice(1).map((line) => line.replace(/^#(?=[a-z]| {2}[a-z])/, ''));
    for (const text of [example, uncommented.join('\n')]) {
      // Throws with every fault.
      if (name === 'linux-patch-api') parseConfiguration(AgentConfigSchema, text, 'config.yaml');
      else parseConfiguration(ManagerConfigSchema, text, 'config.yaml');
    }
  });

  it.runIf(name === 'linux-patch-api')(
    'has an example of a policy, which is valid as it is and uncommented',
    () => {
      const example = readFileSync(join(tree, `usr/share/doc/${name}/examples/policy.example.yaml`), 'utf8');
      const uncommented = example.replaceAll(/^#(?=[a-z]| {2}- )/gm, '');
      expect(parseConfiguration(PolicySchema, example, 'policy.yaml').windows).toBeUndefined();
      expect(parseConfiguration(PolicySchema, uncommented, 'policy.yaml').windows).toHaveLength(2);
      const page = gunzipSync(
        readFileSync(join(tree, `usr/share/man/man5/${name}-policy.yaml.5.gz`)),
      ).toString();
      for (const key of Object.keys(parseConfiguration(PolicySchema, uncommented, 'policy.yaml')))
        expect(page).toContain(`.B ${key}`);
    },
  );

  it('completes commands and options in bash', () => {
    const file = join(tree, `usr/share/bash-completion/completions/${name}`);
    const script = `source "$1"; COMP_WORDS=(${name} st); COMP_CWORD=1; _${name.replaceAll('-', '_')}; echo "\${COMPREPLY[*]}"`;
    const words = name === 'linux-patch-api' ? /status/ : /$/;
    expect(run('bash', ['-c', script, 'bash', file])).toMatch(words);
    const options = script.replace(' st)', ' --)');
    expect(run('bash', ['-c', options, 'bash', file])).toContain('--version');
  });

  it('has completions that zsh and fish can read', () => {
    run('zsh', ['-n', join(tree, `usr/share/zsh/vendor-completions/_${name}`)]);
    run('fish', ['--no-execute', join(tree, `usr/share/fish/vendor_completions.d/${name}.fish`)]);
  });

  it('is started without what the environment holds for other programs on Node, and without a debugger', () => {
    const script = join(tree, 'usr/bin', name);
    const text = readFileSync(script, 'utf8');
    expect(text).toContain(CLEAN_ENVIRONMENT);
    expect(text).toContain(`exec /usr/lib/${name}/node --disable-sigusr1 /usr/lib/${name}/${name}.cjs "$@"`);
    expect(statSync(script).mode & 0o777).toBe(0o755);
    run('sh', ['-n', script]);
  });

  it('has the program for people, and where in it a place of a stack trace is', () => {
    const library = join(tree, 'usr/lib', name);
    const files = programFiles(name);
    const read = (file: string): string[] => readFileSync(join(library, file), 'utf8').split('\n');
    expect(run(join(library, 'node'), [join(library, files.readable), '--version']).trim()).toBe(VERSION);
    const program = read(files.program);
    const wanted = 'withholdCores(';
    const line = program.findIndex((text) => text.includes(wanted));
    const map = new SourceMap(JSON.parse(readFileSync(join(library, files.sourceMap), 'utf8')) as never);
    const place = map.findEntry(line, program[line]?.indexOf(wanted) ?? 0) as { originalLine: number };
    expect(read(files.readable)[place.originalLine]).toContain(wanted);
  });

  it('starts with its own Node, which carries no debug information', () => {
    const node = join(tree, `usr/lib/${name}/node`);
    expect(run(node, [join(tree, `usr/lib/${name}/${name}.cjs`), '--version']).trim()).toBe(VERSION);
    expect(run('readelf', ['--sections', node])).not.toMatch(/\.symtab|\.debug_info/);
  });
});

describe('the worker beside the agent', () => {
  const name = 'linux-patch-api';
  const request = (library: string, script: string): string =>
    run('sh', [
      '-c',
      'echo \'{"v":1,"op":"nothing"}\' | "$@" | cat',
      'ask',
      join(library, 'node'),
      script,
      'request',
    ]);

  it('is in the package of every format, and answers on the Node of the package', () => {
    const library = join(unpackDeb(first, name, 'amd64'), 'usr/lib', name);
    const files = programFiles('linux-patch-worker');
    for (const script of [files.loader, files.readable])
      expect(JSON.parse(request(library, join(library, script))).error.code).toBe('INVALID_REQUEST');
    const contents = readdirSync(first)
      .filter((file) => file.startsWith(name) && /\.(rpm|pkg\.tar\.zst)$/.test(file))
      .map((file) => run('bsdtar', ['-tf', join(first, file)]));
    expect(contents).toHaveLength(4);
    for (const list of contents) expect(list).toContain(`usr/lib/${name}/${files.loader}`);
  });
});

describe.each([
  ['linux-patch-api', 'linux-patch-api'],
  ['linux-patch-worker', 'linux-patch-api'],
  ['linux-patch-manager', 'linux-patch-manager'],
])('the code cache of %s', (script, name) => {
  const files = programFiles(script);
  let library = '';
  let node = '';
  beforeEach(() => {
    library = mkdtempSync(join(folder, 'library-'));
    const packaged = join(unpackDeb(first, name, 'amd64'), 'usr/lib', name);
    node = join(packaged, 'node');
    // A copy to spoil, without the largest part, which nobody spoils.
    cpSync(packaged, library, { recursive: true, filter: (from) => from !== node });
  });

  /** Says before the version what the engine made of the cache; undefined when it got none. */
  function start(): string[] {
    const spy = `const vm = require('node:vm');
      vm.Script = class extends vm.Script {
        constructor(...all) { super(...all); console.log(this.cachedDataRejected); }
      };`;
    const preload = join(library, 'spy.cjs');
    writeFileSync(preload, spy);
    const said = run(node, ['--require', preload, join(library, files.loader), '--version']);
    return said.trim().split('\n');
  }

  it('is taken by the Node of the package', () => {
    expect(start()).toEqual(['false', VERSION]);
  });

  it('is left alone when the program was edited, which runs as it is now', () => {
    const program = readFileSync(join(library, files.program), 'utf8');
    writeFileSync(join(library, files.program), program.replaceAll('`1.3.0`', '`9.9.9`'));
    expect(start()).toEqual(['undefined', '9.9.9']);
  });

  it('is left alone when it is damaged or gone', () => {
    const cache = readFileSync(join(library, files.codeCache));
    const middle = Math.floor(cache.length / 2);
    cache[middle] = (cache[middle] ?? 0) ^ 1;
    writeFileSync(join(library, files.codeCache), cache);
    expect(start()).toEqual(['undefined', VERSION]);
    rmSync(join(library, files.codeCache));
    expect(start()).toEqual(['undefined', VERSION]);
  });
});
