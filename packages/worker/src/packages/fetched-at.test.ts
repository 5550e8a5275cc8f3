import { rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchedAt } from './fetched-at.ts';

const OCTOBER = new Date(Date.UTC(2026, 9, 5));

async function list() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'Packages');
  await writeFile(`${folder.path}/partial`, 'Package: toy\n');
  // What a server says of it.
  await utimes(`${folder.path}/partial`, OCTOBER, OCTOBER);
  const beforeMs = Date.now() - 1_000;
  await rename(`${folder.path}/partial`, path);
  return { folder: folder.path, path, beforeMs, at: () => fetchedAt(systemFiles, path) };
}

describe('the time of a list', () => {
  it('is when it came, not when its server says that it changed', async () => {
    const { at, beforeMs } = await list();
    expect(await at()).toBeGreaterThan(beforeMs);
  });

  it('is when it was touched, too', async () => {
    const { at, path, folder, beforeMs } = await list();
    await utimes(folder, OCTOBER, OCTOBER);
    await utimes(path, new Date(), new Date());
    expect(await at()).toBeGreaterThan(beforeMs);
  });

  it('is not when a backup was unpacked, which keeps the times of the list and its folder', async () => {
    const { at, folder } = await list();
    await utimes(folder, OCTOBER, OCTOBER);
    expect(await at()).toBe(OCTOBER.getTime());
  });

  it('is never later than the file was changed, whatever a server says', async () => {
    const { at, path } = await list();
    const future = new Date(Date.now() + 86_400_000);
    await utimes(path, future, future);
    const time = await at();
    expect(time).toBeLessThanOrEqual(Date.now());
    expect(Number.isInteger(time)).toBe(true);
  });

  it('is not known of one that is not there', async () => {
    expect(await fetchedAt(systemFiles, '/nowhere/Packages')).toBeUndefined();
  });
});
