import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PROGRAM = ownProgram('linux-patch-api');
const NOBODY = { uid: 65_534, gid: 65_534, cwd: '/' };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
});
afterAll(() => folder[Symbol.asyncDispose]());

function runAsNobody(root: string, ...args: string[]) {
  return new Promise<{ readonly exitCode: unknown; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      execFile(PROGRAM, ['--root', root, ...args], NOBODY, (error, stdout, stderr) => {
        resolve({ exitCode: error?.code ?? 0, stdout, stderr });
      });
    },
  );
}

/** A host as its installation leaves it; the path is what an ordinary user may not read. */
async function hostWhose(closed: 'configuration' | 'data'): Promise<{ root: string; path: string }> {
  const root = join(folder.path, closed);
  const [etc, data] = [join(root, 'etc/linux_patch_api'), join(root, 'var/lib/linux_patch_api')];
  await mkdir(etc, { recursive: true });
  await mkdir(data, { recursive: true });
  await writeFile(join(etc, 'config.yaml'), '{}\n', { mode: closed === 'configuration' ? 0o640 : 0o644 });
  if (closed === 'data') await chmod(data, 0o700);
  return { root, path: closed === 'data' ? data : join(etc, 'config.yaml') };
}

it.each([
  ['configuration', ['status']],
  ['configuration', ['status', '--json']],
  ['configuration', ['policy', 'show']],
  ['configuration', ['leave']],
  ['configuration', ['--renew-certs']],
  ['data', ['status']],
  ['data', ['packages']],
  ['data', ['updates', '--json']],
  ['data', ['plan']],
  ['data', ['jobs']],
] as const)('an ordinary user who may not read the %s is told to be root by %j', async (closed, args) => {
  const { root, path } = await hostWhose(closed);
  const { exitCode, stdout, stderr } = await runAsNobody(root, ...args);
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    new RegExp(
      `^linux-patch-api: You may not use ${path}\\S*\\. This command is for root: sudo linux-patch-api …\n$`,
    ),
  );
});
