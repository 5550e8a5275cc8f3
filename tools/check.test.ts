import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CHECK_STEPS, SOURCES } from './check-steps.ts';
import { runStep } from './steps.ts';

// A step ends by itself, however busy the machine is; the limit is only for one that never would.
vi.setConfig({ testTimeout: 900_000 });

const repository = process.cwd();
/** A copy of all sources, and one that has only what is beside them: a tool that judges file by file needs no others. */
let copy: string;
let bare: string;

/** Links to every installed dependency, and to the copy's own workspaces. */
function linkDependencies(folder: string): void {
  const installed = join(repository, 'node_modules');
  const linked = join(folder, 'node_modules');
  mkdirSync(join(linked, '@linux-patch'), { recursive: true });
  for (const name of readdirSync(installed).filter((one) => one !== '@linux-patch' && one !== '.vite')) {
    symlinkSync(join(installed, name), join(linked, name));
  }
  for (const name of readdirSync(join(folder, 'packages')).filter((one) => !one.includes('.'))) {
    symlinkSync(join(folder, 'packages', name), join(linked, '@linux-patch', name));
  }
}

function copyOf(files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'linux-patch-check-'));
  for (const source of SOURCES) mkdirSync(join(folder, source));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(repository, file), join(folder, file));
  }
  linkDependencies(folder);
  return folder;
}

beforeAll(() => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
  const files = listed.trim().split('\n');
  copy = copyOf(files);
  bare = copyOf(files.filter((file) => !file.includes('/')));
});
afterAll(() => {
  for (const folder of [copy, bare]) rmSync(folder, { recursive: true, force: true });
});

async function outcome(name: string, folder = copy): Promise<{ ok: boolean; output: string }> {
  const step = CHECK_STEPS.find((one) => one.name === name);
  if (!step) throw new Error(`no step named ${name}`);
  return runStep(step, folder);
}

/** Plants files, runs the step, takes the files away again. */
async function withPlanted(
  files: Record<string, string>,
  step: string,
  folder = copy,
): Promise<{ ok: boolean; output: string }> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  try {
    return await outcome(step, folder);
  } finally {
    for (const path of Object.keys(files)) rmSync(join(folder, path));
  }
}

describe('npm run check', () => {
  it('names every breach of the import law, and package code that the agent would have through others', async () => {
    const other = 'packages/pki/src/planted-b.ts';
    const breaches: readonly (readonly [rule: string, path: string, text: string])[] = [
      [
        'no-cycles',
        'packages/pki/src/planted-a.ts',
        "import { b } from './planted-b.ts';\nexport const a = (): number => b();\n",
      ],
      ['agent-shares-only-the-base', 'packages/agent/src/planted-a.ts', "import '@linux-patch/manager';\n"],
      [
        'agent-shares-only-the-base',
        'packages/agent/src/planted-c.ts',
        "import '../../worker/src/packages/open.ts';\n",
      ],
      ['worker-imports-base-only', 'packages/worker/src/planted.ts', "import '@linux-patch/http';\n"],
      ['doors-only', 'packages/agent/src/planted-b.ts', "import 'node:fs';\n"],
      ['contract-is-pure', 'packages/contract/src/planted.ts', "import 'node:os';\n"],
      ['no-fakes-in-sources', 'packages/manager/src/planted.ts', "import '@linux-patch/runtime/testing';\n"],
      ['agent-room-jobs', 'packages/agent/src/jobs/planted.ts', "import '../http/server.ts';\n"],
      ['worker-room-packages', 'packages/worker/src/packages/planted.ts', "import '../jobs/state.ts';\n"],
      ['http-is-on-top', 'packages/manager/src/hosts/planted.ts', "import '../http/app.ts';\n"],
      ['http-is-served-on-top', 'packages/manager/src/audit/planted.ts', "import '@linux-patch/http';\n"],
    ];
    // What the agent would have through the face of the worker, which it may import.
    const between = 'packages/worker/src/requests/planted.ts';
    const face = 'packages/worker/src/index.ts';
    appendFileSync(join(copy, face), "export type { Planted } from './requests/planted.ts';\n");
    const planted = {
      ...Object.fromEntries(breaches.map(([, path, text]) => [path, text])),
      [other]: "import { a } from './planted-a.ts';\nexport const b = (): number => a();\n",
      [between]:
        "import type { PackageReader } from '../packages/snapshot.ts';\nexport type Planted = PackageReader;\n",
    };
    const { ok, output } = await withPlanted(planted, 'import law').finally(() =>
      cpSync(join(repository, face), join(copy, face)),
    );
    expect(ok).toBe(false);
    // One line a breach: `error RULE: FROM → TO`.
    const errors = output.split('\n').filter((line) => /^\s*error /.test(line));
    for (const [rule, path] of breaches) {
      expect(
        errors.some((line) => line.includes(`${rule}: ${path}`)),
        `${rule} in ${path}`,
      ).toBe(true);
    }
    const reached = 'packages/worker/src/packages/snapshot.ts';
    expect(output).toContain(`worker-room-requests: ${between} → ${reached}`);
    expect(output).toContain(`agent-has-no-package-code: ${face} → ${reached}`);
    const direct = errors.filter((line) => !line.includes('agent-has-no-package-code: '));
    expect(direct).toHaveLength(breaches.length + 1);
  });

  it('names an export that nobody uses, and nothing else', async () => {
    const { ok, output } = await withPlanted(
      { 'packages/agent/src/planted.ts': 'export const planted = 1;\n' },
      'dead code',
    );
    expect(ok).toBe(false);
    expect(output.trim().split('\n')).toEqual(['Unused files (1)', 'packages/agent/src/planted.ts']);
  });

  it('names an export that only tests use', async () => {
    const use = "import { expect, it } from 'vitest';\nimport { planted } from './planted.ts';\n";
    const { ok, output } = await withPlanted(
      {
        'packages/agent/src/planted.ts': 'export const planted = 1;\n',
        'packages/agent/src/planted.test.ts': `${use}it('is one', () => expect(planted).toBe(1));\n`,
      },
      'code that only tests use',
    );
    expect(ok).toBe(false);
    expect(output).toContain('packages/agent/src/planted.ts');
  });

  it('names options of more than eight members, and what a function takes whole with a component among them', async () => {
    const facts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      .map((name) => `  readonly ${name}: number;`)
      .join('\n');
    // Inherited members count.
    const options = `interface Base {\n${facts}\n}\nexport interface PlantedOptions extends Base {\n  i: number;\n}\n`;
    // Whatever it is called; what is no component is data.
    const work = `import type { Clock } from '@linux-patch/runtime';
export interface PlantedFacts {\n${facts}\n  readonly i: number;\n}
export interface PlantedWork {\n${facts}\n  readonly clock: Clock;\n}
export function planted(facts: PlantedFacts, work: PlantedWork): number {\n  return facts.a + work.a;\n}\n`;
    const files = {
      'packages/agent/src/planted-options.ts': options,
      'packages/agent/src/planted-work.ts': work,
    };
    const { ok, output } = await withPlanted(files, 'width of options');
    expect(ok).toBe(false);
    expect(output).toContain('agent/PlantedOptions has 9 members');
    expect(output).toContain('agent/PlantedWork has 9 members');
    expect(output).not.toContain('PlantedFacts');
  });

  it('names a context that is spread into another', async () => {
    const text = `import type { Clock, Files } from '@linux-patch/runtime';
interface Host {\n  readonly files: Files;\n  readonly clock: Clock;\n}
interface Whole {\n  readonly host: Host;\n  readonly facts: { readonly a: number };\n}
export const planted = ({ host, facts }: Whole) => [{ ...facts, b: 1 }, { ...host, root: '/' }];\n`;
    const { ok, output } = await withPlanted({ 'packages/agent/src/planted.ts': text }, 'spread of contexts');
    expect(ok).toBe(false);
    expect(output.match(/\w+ is spread/g)).toEqual(['host is spread']);
  });

  it('names a floating promise', async () => {
    const text =
      'const work = async (): Promise<void> => {};\nexport function planted(): void {\n  work();\n}\n';
    const { ok, output } = await withPlanted({ 'packages/agent/src/planted.ts': text }, 'lint', bare);
    expect(ok).toBe(false);
    expect(output).toContain('no-floating-promises');
    expect(output).toContain('packages/agent/src/planted.ts');
    expect(output).toContain('Found 0 warnings and 1 error.');
  });

  it('names a type error', async () => {
    const { ok, output } = await withPlanted(
      { 'packages/pki/src/planted.ts': 'export const planted: number = "text";\n' },
      'types',
      bare,
    );
    expect(ok).toBe(false);
    expect(output).toMatch(/^packages\/pki\/src\/planted\.ts.*TS2322/m);
  });

  it('names a generated document that is not what the code says', async () => {
    const path = join(copy, 'docs/reference/errors.md');
    appendFileSync(path, 'edited by hand\n');
    const { ok, output } = await outcome('generated docs');
    cpSync(join(repository, 'docs/reference/errors.md'), path);
    expect(ok).toBe(false);
    expect(output.trim()).toMatch(/^docs\/reference\/errors\.md is not what the code says/);
  });

  it('names what a document names and nobody has, and a room of the agent that its map leaves out', async () => {
    const path = join(copy, 'CONTRIBUTING.md');
    appendFileSync(
      path,
      '`packages/agent/src/nowhere.ts`, `npm run nothing`, `lab: a case that nobody wrote`, ![](docs/screenshots/nothing.png)\n',
    );
    const picture = join(copy, 'docs/screenshots/light/planted.png');
    mkdirSync(dirname(picture), { recursive: true });
    writeFileSync(picture, Buffer.alloc(150_001));
    const room = join(copy, 'packages/agent/src/planted');
    mkdirSync(room);
    const { ok, output } = await outcome('names in the docs');
    cpSync(join(repository, 'CONTRIBUTING.md'), path);
    rmSync(picture);
    rmSync(room, { recursive: true });
    expect(ok).toBe(false);
    expect(output).toContain('packages/agent/src/README.md does not name planted/');
    expect(output.match(/CONTRIBUTING\.md:\d+: .* does not exist/g)).toHaveLength(4);
    expect(output).toMatch(/CONTRIBUTING\.md:\d+: docs\/screenshots\/nothing\.png has no alternative text/);
    expect(output).toContain('docs/screenshots/light/planted.png: no document shows it');
    expect(output).toContain('docs/screenshots/light/planted.png has more than 150000 bytes');
  });
});
