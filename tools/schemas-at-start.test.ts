import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTestPrograms, type TestPrograms } from './test-programs.ts';

/** How many objects zod may make before a program reads its arguments: all of them are waited for at every start. */
const MOST = { 'linux-patch-api': 680, 'linux-patch-worker': 460, 'linux-patch-manager': 850 };

/** Loaded before a program: writes down in which lines of it zod made an object. zod calls this for each. */
const WATCH = `
const lines = [];
globalThis.__zod_globalConfig = { postProcessor: () => lines.push(new Error().stack.match(/(?<=program\\.cjs:)\\d+/g)) };
Error.stackTraceLimit = 50;
process.on('exit', () => require('node:fs').writeFileSync(process.env.MADE, JSON.stringify(lines)));
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

/** For each object that zod makes while the program is loaded, the source of ours that wants it. */
function whoMakes(program: string): string[] {
  const script = join(programs.env.TEST_PROGRAMS_FOLDER ?? '', `${program}.program.cjs`);
  const made = join(folder, 'made.json');
  execFileSync(process.execPath, ['--require', join(folder, 'watch.cjs'), script, '--version'], {
    env: { MADE: made },
  });
  const sources = sourcesOf(readFileSync(script, 'utf8'));
  const lines = JSON.parse(readFileSync(made, 'utf8')) as string[][];
  return lines.map((stack) => {
    const callers = stack.map((line) => sources[Number(line) - 1] ?? '');
    return callers.find((source) => source.startsWith('packages/') && !source.endsWith('/lazily.ts')) ?? '';
  });
}

it.each(Object.entries(MOST))(
  '%s makes at most %i schema objects before it knows what to do',
  (name, most) => {
    const makers = whoMakes(name);
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
