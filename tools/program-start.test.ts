import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleReadable } from '../packaging/build/bundle.ts';
import { makeTestPrograms, type TestPrograms } from './test-programs.ts';

/** How many objects zod may make before a program reads its arguments: all of them are waited for at every start. */
const MOST = { 'linux-patch-api': 680, 'linux-patch-worker': 460, 'linux-patch-manager': 760 };

/** Loaded before a program: writes down in which lines of it zod made an object, for each of which zod calls this, and what of Node was loaded. */
const WATCH = `
const made = [];
globalThis.__zod_globalConfig = { postProcessor: () => made.push(new Error().stack.match(/(?<=program\\.cjs:)\\d+/g)) };
Error.stackTraceLimit = 50;
process.on('exit', () => require('node:fs').writeFileSync(process.env.SEEN, JSON.stringify({ made, loaded: process.moduleLoadList })));
`;

let programs: TestPrograms;
let folder: string;

beforeAll(async () => {
  programs = await makeTestPrograms();
  folder = mkdtempSync(join(tmpdir(), 'linux-patch-schemas-'));
  writeFileSync(join(folder, 'watch.cjs'), WATCH);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await programs[Symbol.asyncDispose]();
});

/** The source that each line of a program comes from, as the bundler says above it. */
function sourcesOf(script: string): string[] {
  let source = '';
  return script.split('\n').map((line) => {
    source = /^\/\/ (\S+\.[cm]?[jt]s)$/.exec(line)?.[1] ?? source;
    return source;
  });
}

interface Seen {
  readonly script: string;
  readonly made: readonly (readonly string[])[];
  readonly loaded: readonly string[];
}

/** What a program does while it is loaded. */
function startOf(program: string): Seen {
  const script = join(programs.env.TEST_PROGRAMS_FOLDER ?? '', `${program}.program.cjs`);
  const seen = join(folder, 'seen.json');
  execFileSync(process.execPath, ['--require', join(folder, 'watch.cjs'), script, '--version'], {
    env: { SEEN: seen },
  });
  return { script, ...(JSON.parse(readFileSync(seen, 'utf8')) as Omit<Seen, 'script'>) };
}

/** For each object that zod makes while a program is loaded, the source of ours that wants it. */
function whoMakes({ script, made }: Seen): string[] {
  const sources = sourcesOf(readFileSync(script, 'utf8'));
  return made.map((stack) => {
    const callers = stack.map((line) => sources[Number(line) - 1] ?? '');
    return callers.find((source) => source.startsWith('packages/') && !source.endsWith('/lazily.ts')) ?? '';
  });
}

it.each(Object.entries(MOST))(
  '%s makes at most %i schema objects before it knows what to do',
  (name, most) => {
    const makers = whoMakes(startOf(name));
    const counts = [...Map.groupBy(makers, (source) => source)].sort(([, a], [, b]) => b.length - a.length);
    const first = counts.slice(0, 12).map(([source, { length }]) => `\n  ${length} ${source}`);
    expect(
      makers.length,
      `A schema that the start does not use belongs into lazily(() => …) of packages/contract/src/lazily.ts. Most are made by:${first.join('')}\n`,
    ).toBeLessThanOrEqual(most);
    // The count is of something.
    expect(makers.length).toBeGreaterThan(most / 2);
  },
);

it.each(['linux-patch-worker', 'linux-patch-manager'])(
  '%s loads nothing of Node for cryptography, networks or compression before it knows what to do',
  (name) => {
    const { loaded } = startOf(name);
    expect(loaded).toContain('NativeModule fs');
    const slow = ['crypto', 'http', 'https', 'tls', 'zlib', 'worker_threads', 'sqlite'];
    expect(slow.filter((one) => loaded.includes(`NativeModule ${one}`))).toEqual([]);
  },
);

it('a script uses the parts of Node that it loads late as modules use them', async () => {
  writeFileSync(
    join(folder, 'uses.ts'),
    `import { createHash, X509Certificate } from 'node:crypto';
    import { EventEmitter } from 'node:events';
    import { Agent } from 'node:http';
    import * as util from 'node:util';
    class Emitter extends EventEmitter {}
    const found = { X509Certificate, made: new Agent({ maxSockets: 7 }).maxSockets, hash: createHash('sha256').update('').digest('hex') };
    try { new X509Certificate('none'); } catch (error) { console.log((error as { code: string }).code); }
    console.log(typeof found.X509Certificate, found.made, found.hash.slice(0, 8), new Emitter() instanceof EventEmitter, util.format('%s', 1));`,
  );
  const { readable } = await bundleReadable({ name: 'uses', entry: 'uses.ts' }, folder);
  const script = join(folder, 'uses.cjs');
  writeFileSync(script, readable);
  expect(readable).toContain('const node_crypto = __once(() => require("node:crypto"));');
  expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe(
    'ERR_OSSL_PEM_NO_START_LINE\nfunction 7 e3b0c442 true 1\n',
  );
});
