import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installAt, type Sets, setAt, statusAt, temporaryFiles } from './situations.ts';

const execute = promisify(execFile);
const PAGE_KIB = 4;

/** What is wrong with the set on a disk where an install failed. */
async function faultsOf(certs: string, sets: Sets, where: string): Promise<string[]> {
  const { status } = await statusAt(certs);
  const found = status === 'valid' ? await setAt(certs, sets) : status;
  const left = await temporaryFiles(certs);
  return [
    ...(found === 'old' ? [] : [`${where}: found ${found}`]),
    ...(left.length > 0 ? [`${where}: left ${left.join(', ')}`] : []),
  ];
}

/** `undefined` when the install worked, else the code of the system's reason. */
async function tryInstall(certs: string, material: Sets['new']): Promise<string | undefined> {
  try {
    await installAt(certs, material);
    return undefined;
  } catch (error) {
    return String((error as { details?: { code?: unknown } }).details?.code);
  }
}

/**
 * Installs over another set on real disks of every size from too small to large enough, a page more each time, and on
 * one that is read-only. `failed` counts the disks where the install failed.
 */
export async function trySmallDisks(
  disk: string,
  sets: Sets,
): Promise<{ readonly failed: number; readonly faults: string[] }> {
  const faults: string[] = [];
  let failed = 0;
  const certs = join(disk, 'certs');
  await mkdir(disk);
  for (let pages = 4; pages < 64; pages += 1) {
    await execute('mount', ['-t', 'tmpfs', '-o', `size=${pages * PAGE_KIB}k`, 'none', disk]);
    const prepared = (await tryInstall(certs, sets.old)) === undefined;
    const code = prepared ? await tryInstall(certs, sets.new) : undefined;
    if (prepared && code !== undefined) {
      failed += 1;
      if (code !== 'ENOSPC') faults.push(`${pages} pages: ${code}`);
      faults.push(...(await faultsOf(certs, sets, `${pages} pages`)));
    }
    await execute('umount', [disk]);
    if (prepared && code === undefined) break;
  }
  await execute('mount', ['-t', 'tmpfs', 'none', disk]);
  await installAt(certs, sets.old);
  await execute('mount', ['-o', 'remount,ro', disk]);
  const code = await tryInstall(certs, sets.new);
  if (code !== 'EROFS') faults.push(`read-only: ${code}`);
  faults.push(...(await faultsOf(certs, sets, 'read-only')));
  return { failed: failed + 1, faults };
}
