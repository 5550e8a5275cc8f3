import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, test } from 'vitest';
import { takeLock } from './instance-lock.ts';

const DOORS = { files: systemFiles, clock: systemClock };
const dead = (changes: object = {}) =>
  JSON.stringify({
    pid: process.pid,
    started: '1',
    boot_id: 'another boot',
    folder: 1,
    since: '2026-01-01T00:00:00.000Z',
    released: false,
    ...changes,
  });

async function left(folder: string, claim: string, owner?: string): Promise<void> {
  await mkdir(join(folder, claim), { recursive: true });
  if (owner !== undefined) await writeFile(join(folder, claim, 'owner.json'), owner);
}

test('of twenty who ask at once exactly one gets it, and the others learn who', async () => {
  await using folder = await temporaryFolder();
  await left(folder.path, 'claim-000004', dead());
  const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(DOORS, folder.path)));
  expect(results.filter((one) => 'lock' in one)).toHaveLength(1);
  for (const one of results) if ('heldBy' in one) expect(one.heldBy?.pid).toBe(process.pid);
  expect(await readdir(folder.path)).toEqual(['claim-000005']);
});

test('who lets go can be followed at once', async () => {
  await using folder = await temporaryFolder();
  for (let round = 0; round < 3; round += 1) {
    const result = await takeLock(DOORS, folder.path);
    if (!('lock' in result)) throw new Error('the lock is free');
    await result.lock[Symbol.asyncDispose]();
  }
  expect(await readdir(folder.path)).toEqual(['claim-000003']);
});

test.each([
  ['a process that was killed', dead({ pid: 2 ** 22 - 1 })],
  ['another process that got the same number', dead()],
  ['a crash while the name was written', '{"pid":'],
  ['a crash before the name was written', undefined],
])('what %s left is taken over', async (_what, owner) => {
  await using folder = await temporaryFolder();
  await left(folder.path, 'claim-000001', owner);
  expect(await takeLock(DOORS, folder.path)).toHaveProperty('lock');
  expect(await readdir(folder.path)).toEqual(['claim-000002']);
});

/** Doors in a container: what /proc shows of its boot to whoever looks. */
function inContainer(bootId: string, firstProcessStartedTicks: number) {
  const shown: Readonly<Record<string, string>> = {
    '/proc/sys/kernel/random/boot_id': `${bootId}\n`,
    // Linux 6.18, systemd 252.
    '/proc/1/stat': `1 (systemd) S 0 1 1 0 -1 4194560 15221 201233 63 1005 31 117 420 301 20 0 1 0 ${firstProcessStartedTicks} 23072768 3232\n`,
  };
  const readText: typeof systemFiles.readText = async (path, ...rest) =>
    shown[path] ?? systemFiles.readText(path, ...rest);
  return { ...DOORS, files: { ...systemFiles, readText } };
}

test('in a container a service and a command see different boot ids, and yet the same lock', async () => {
  await using folder = await temporaryFolder();
  expect(await takeLock(inContainer('of the kernel', 1_420_000), folder.path)).toHaveProperty('lock');
  const command = inContainer('of the container', 1_420_000);
  expect(await takeLock(command, folder.path)).toHaveProperty('heldBy');
  const restarted = inContainer('of the kernel', 1_426_100);
  expect(await takeLock(restarted, folder.path)).toHaveProperty('lock');
});

test('a copy of the folder is another lock', async () => {
  await using folder = await temporaryFolder();
  const [original, copy] = [join(folder.path, 'original'), join(folder.path, 'copy')];
  expect(await takeLock(DOORS, original)).toHaveProperty('lock');
  await cp(original, copy, { recursive: true });
  expect(await takeLock(DOORS, copy)).toHaveProperty('lock');
  expect(await takeLock(DOORS, original)).toHaveProperty('heldBy');
});
