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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECK_STEPS } from './check-steps.ts';
import { runStep } from './steps.ts';

const repository = process.cwd();
let copy: string;

/** Links to every installed dependency, and to the copy's own workspaces. */
function linkDependencies(): void {
  const installed = join(repository, 'node_modules');
  const linked = join(copy, 'node_modules');
  mkdirSync(join(linked, '@linux-patch'), { recursive: true });
  for (const name of readdirSync(installed).filter((one) => one !== '@linux-patch' && one !== '.vite')) {
    symlinkSync(join(installed, name), join(linked, name));
  }
  for (const name of readdirSync(join(copy, 'packages')).filter((one) => !one.includes('.'))) {
    symlinkSync(join(copy, 'packages', name), join(linked, '@linux-patch', name));
  }
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'linux-patch-check-'));
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(repository, file), join(copy, file));
  }
  linkDependencies();
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

async function outcome(name: string): Promise<{ ok: boolean; output: string }> {
  const step = CHECK_STEPS.find((one) => one.name === name);
  if (!step) throw new Error(`no step named ${name}`);
  return runStep(step, copy);
}

/** Plants a file, runs the step, takes the file away again. */
async function withPlanted(
  files: Record<string, string>,
  step: string,
): Promise<{ ok: boolean; output: string }> {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(copy, path), text);
  try {
    return await outcome(step);
  } finally {
    for (const path of Object.keys(files)) rmSync(join(copy, path));
  }
}

describe('npm run check', () => {
  it('passes on the sources as they are', async () => {
    for (const name of ['lint', 'import law', 'dead code', 'generated docs']) {
      const { ok, output } = await outcome(name);
      expect(ok, `${name}: ${output}`).toBe(true);
    }
  });

  it('fails on an import cycle', async () => {
    const { ok, output } = await withPlanted(
      {
        'packages/pki/src/planted-a.ts':
          "import { b } from './planted-b.ts';\nexport const a = (): number => b();\n",
        'packages/pki/src/planted-b.ts':
          "import { a } from './planted-a.ts';\nexport const b = (): number => a();\n",
      },
      'import law',
    );
    expect(ok).toBe(false);
    expect(output).toContain('no-cycles');
  });

  it('fails on an export that nobody uses', async () => {
    const { ok, output } = await withPlanted(
      { 'packages/agent/src/planted.ts': 'export const planted = 1;\n' },
      'dead code',
    );
    expect(ok).toBe(false);
    expect(output).toContain('planted');
  });

  it('fails on a floating promise', async () => {
    const text =
      'const work = async (): Promise<void> => {};\nexport function planted(): void {\n  work();\n}\n';
    const { ok, output } = await withPlanted({ 'packages/agent/src/planted.ts': text }, 'lint');
    expect(ok).toBe(false);
    expect(output).toContain('no-floating-promises');
  });

  it.each([
    [
      'the agent imports the manager',
      'packages/agent/src/planted.ts',
      "import '@linux-patch/manager';\n",
      'agent-shares-only-the-base',
    ],
    ['a feature opens files itself', 'packages/agent/src/planted.ts', "import 'node:fs';\n", 'doors-only'],
    [
      'the contract reaches the outside',
      'packages/contract/src/planted.ts',
      "import 'node:os';\n",
      'contract-is-pure',
    ],
    [
      'a source imports a fake',
      'packages/manager/src/planted.ts',
      "import '@linux-patch/runtime/testing';\n",
      'no-fakes-in-sources',
    ],
  ])('fails when %s', async (_what, path, text, rule) => {
    const { ok, output } = await withPlanted({ [path]: text }, 'import law');
    expect(ok).toBe(false);
    expect(output).toContain(rule);
  });

  it('fails on a type error', async () => {
    const { ok } = await withPlanted(
      { 'packages/pki/src/planted.ts': 'export const planted: number = "text";\n' },
      'types',
    );
    expect(ok).toBe(false);
  });

  it('fails on a stale generated document', async () => {
    const path = join(copy, 'docs/reference/errors.md');
    appendFileSync(path, 'edited by hand\n');
    const { ok, output } = await outcome('generated docs');
    cpSync(join(repository, 'docs/reference/errors.md'), path);
    expect(ok).toBe(false);
    expect(output).toContain('docs/reference/errors.md');
  });
});
