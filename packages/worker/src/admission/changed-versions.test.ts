import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobResult } from '@linux-patch/contract';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openChangedVersions } from './changed-versions.ts';

const JOB = 'f3b1c0de-0000-4000-8000-000000000000';
const result = (
  name: string,
  action: JobResult['action'],
  [version_before, version_after]: readonly [string | null, string | null],
): JobResult => ({ name, action, version_before, version_after });

async function record() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const place = join(folder.path, 'changed');
  return { place, path: join(place, `${JOB}.json`), changed: openChangedVersions(systemFiles, folder.path) };
}

describe('what jobs changed', () => {
  it('is taken back by what was there before, whatever became of the job', async () => {
    const { changed } = await record();
    await changed.note(JOB, [
      result('alpha', 'upgraded', ['1.0', '1.1']),
      result('beta', 'downgraded', ['2.0', '1.9']),
      result('gamma', 'installed', [null, '3.0']),
      result('delta', 'removed', ['4.0', null]),
      result('epsilon', 'failed', ['5.0', '5.1']),
      result('zeta', 'reinstalled', ['6.0', '6.0']),
      result('eta', 'unchanged', ['7.0', '7.0']),
      result('theta', 'failed', [null, null]),
    ]);
    expect(await changed.find(JOB)).toEqual([
      { name: 'alpha', version: '1.0', move: 'downgrade' },
      { name: 'beta', version: '2.0', move: 'upgrade' },
      { name: 'gamma', version: null, move: 'remove' },
      { name: 'delta', version: '4.0', move: 'install' },
      { name: 'epsilon', version: '5.0', move: 'downgrade' },
    ]);
  });

  it('keeps which fixes of security faults it brought in, where that is known', async () => {
    const { changed } = await record();
    await changed.note(JOB, [
      { ...result('alpha', 'upgraded', ['1.0', '1.1']), security: true },
      { ...result('beta', 'upgraded', ['2.0', '2.1']), security: false },
    ]);
    expect(await changed.find(JOB)).toEqual([
      { name: 'alpha', version: '1.0', move: 'downgrade', mended: { by: '1.1', security: true } },
      { name: 'beta', version: '2.0', move: 'downgrade', mended: { by: '2.1', security: false } },
    ]);
  });

  it('is not known of every job, and may be nothing', async () => {
    const { changed } = await record();
    await expect(changed.find(JOB)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await changed.note(JOB, [result('eta', 'held', ['7.0', '7.0'])]);
    await expect(changed.find(JOB)).rejects.toMatchObject({ code: 'JOB_CONFLICT' });
  });

  it('is not believed where others could write it, nor when it cannot be read', async () => {
    const { changed, path } = await record();
    await changed.note(JOB, [result('alpha', 'upgraded', ['1.0', '1.1'])]);
    await chmod(path, 0o666);
    await expect(changed.find(JOB)).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('chmod go-w'),
    });
    await chmod(path, 0o600);
    await writeFile(path, '{"v":1,"targets":[{"name":"alpha"}]}');
    await expect(changed.find(JOB)).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
  });

  it('is kept of the last 500 jobs', async () => {
    const { changed, place } = await record();
    await mkdir(place, { mode: 0o700 });
    const idOf = (index: number): string => `f3b1c0de-0000-4000-8000-${index.toString().padStart(12, '0')}`;
    for (let index = 1; index <= 502; index += 1) {
      const path = join(place, `${idOf(index)}.json`);
      await writeFile(path, '{"v":1,"targets":[]}', { mode: 0o600 });
      await utimes(path, index, index);
    }
    await changed.note(JOB, [result('alpha', 'upgraded', ['1.0', '1.1'])]);
    expect(await readdir(place)).toHaveLength(500);
    expect(await changed.find(JOB)).toHaveLength(1);
    await expect(changed.find(idOf(3))).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(changed.find(idOf(4))).rejects.toMatchObject({ code: 'JOB_CONFLICT' });
  });
});
