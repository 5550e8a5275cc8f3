import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { admissionWorld, RUNS } from './admission-world.ts';

const execute = promisify(execFile);

const PAGE_BYTES = 4_096;

/** A host whose worker has a disk of its own, which is full but for so many pages. */
async function fullHost() {
  const host = await admissionWorld();
  const folder = join(host.root, 'var/lib/linux_patch_worker');
  await rm(folder, { recursive: true });
  await mkdir(folder);
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=2750', 'tmpfs', folder]);
  onTestFinished(async () => void (await execute('umount', ['--lazy', folder])));
  const filler = join(folder, 'filler');
  const fill = async (freePages: number): Promise<void> => {
    await rm(filler, { force: true });
    // The last of it is the error that the disk is full.
    await writeFile(filler, Buffer.alloc(1024 * 1024)).catch(() => {});
    const { size } = await stat(filler);
    await truncate(filler, Math.max(0, size - freePages * PAGE_BYTES));
  };
  const left = async (): Promise<string[]> => {
    const names = await readdir(folder, { recursive: true });
    return names.filter((name) => /[\da-f]{8}-[\da-f]{4}-|\.tmp$/.test(name));
  };
  return { ...host, filler, fill, left };
}

describe('a full disk, when root asks for a change', () => {
  it('has nothing accepted by half, whatever there is still room for, and the words say what is to be done', async () => {
    const { root, start, orders, filler, fill, left } = await fullHost();
    let refused = 0;
    for (let pages = 0; ; pages += 1) {
      await fill(pages);
      const said = await start({ caller: 'root', body: '{"all":true}' });
      if (said.kind === 'accepted') {
        await rm(filler);
        // It has begun, and what it comes to is said when there is room again.
        const output = join(root, RUNS, said.job ?? '', 'stdout');
        const end = async () => expect(await readFile(output, 'utf8')).toContain('"t":"failed"');
        await vi.waitFor(end, 20_000);
        await vi.waitFor(async () => expect(await orders()).toEqual([]), 20_000);
        break;
      }
      refused += 1;
      expect([pages, said.code]).toEqual([pages, 'SERVICE_UNHEALTHY']);
      expect(said.message).toMatch(
        /^The job was not (?:accepted|begun) because .*no space left on device.*Free space/,
      );
      expect([pages, await orders(), await left()]).toEqual([pages, [], []]);
    }
    expect(refused).toBeGreaterThan(2);
    expect(await readdir(join(root, RUNS))).toHaveLength(1);
  });
});
