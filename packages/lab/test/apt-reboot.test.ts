import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownBench } from './own-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const HOUR_S = 3_600;

/** What the kernel says about itself and the first process. */
async function bootedAt(root: string, seconds: number, release: string): Promise<void> {
  const facts = {
    'proc/sys/kernel/osrelease': `${release}\n`,
    'proc/sys/kernel/version': '#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)\n',
    'proc/stat': `cpu 1 2\nbtime ${Math.floor(seconds)}\nprocesses 9\n`,
    // The start is the 22nd field, in hundredths of a second since the boot.
    'proc/1/stat': `1 (an (init) ) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 250 9 9\n`,
  };
  for (const [path, text] of Object.entries(facts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

describe('a reboot is needed', () => {
  const old = [
    { name: 'linux-image-6.1.0-37-amd64', version: '6.1.140-1' },
    { name: 'linux-image-6.1.0-38-amd64', version: '6.1.147-1' },
    { name: 'libc6', version: '2.36-9' },
    { name: 'toyhello', version: '1' },
  ];

  it('for a newer kernel than the running one, without any helper package', async () => {
    const { packages, root } = await ownBench(folder.path, { old });
    await bootedAt(root, Date.now() / 1_000 + HOUR_S, '6.1.0-37-amd64');
    expect(await packages.inventory.rebootRequired()).toEqual({
      required: true,
      reasons: ['kernel 6.1.0-38-amd64 is installed, 6.1.0-37-amd64 runs'],
    });
    // The kernel of a container is not its own.
    await writeFile(join(root, '.dockerenv'), '');
    expect(await packages.operations.rebootRequired()).toEqual({ required: false, reasons: [] });
  });

  it('for a C library that came after the start, and for no other package', async () => {
    const { packages, root } = await ownBench(folder.path, { old });
    await bootedAt(root, Date.now() / 1_000 - HOUR_S, '6.1.0-38-amd64');
    expect(await packages.inventory.rebootRequired()).toMatchObject({
      reasons: [
        expect.stringContaining('is installed, 6.1.140-1 runs'),
        'changed since this host was started: libc6',
      ],
    });
    await bootedAt(root, Date.now() / 1_000 + HOUR_S, '6.1.0-39-amd64');
    expect(await packages.inventory.rebootRequired()).toEqual({ required: false, reasons: [] });
  });

  it('for every reason at once, the flag file first', async () => {
    const { packages, root } = await ownBench(folder.path, { old });
    await bootedAt(root, Date.now() / 1_000 - HOUR_S, '6.1.0-37-amd64');
    await writeFile(join(root, 'run/reboot-required'), '');
    expect((await packages.inventory.rebootRequired()).reasons).toEqual([
      '/run/reboot-required exists',
      'kernel 6.1.0-38-amd64 is installed, 6.1.0-37-amd64 runs',
      'changed since this host was started: libc6',
    ]);
    await writeFile(join(root, 'run/reboot-required.pkgs'), 'libc6\ndbus\nlibc6\n');
    expect((await packages.inventory.rebootRequired()).reasons[0]).toBe('asked for by libc6, dbus');
    await rm(join(root, 'proc'), { recursive: true });
    expect((await packages.inventory.rebootRequired()).reasons).toEqual(['asked for by libc6, dbus']);
  });

  it('is what pending updates of such packages say', async () => {
    const { packages } = await ownBench(folder.path, {
      old: [...old, { name: 'linux-image-6.1.0-37-amd64-dbg', version: '1' }],
      next: [
        { name: 'libc6', version: '2.36-10' },
        { name: 'linux-image-6.1.0-37-amd64-dbg', version: '2' },
        { name: 'toyhello', version: '2' },
      ],
    });
    const { patches } = await packages.inventory.listPatches();
    expect(patches.filter((one) => one.requires_reboot).map((one) => one.name)).toEqual(['libc6']);
  });
});
