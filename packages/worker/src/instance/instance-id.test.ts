import { readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openInstance } from './instance-id.ts';

/** A host whose facts can be changed under an installed agent. */
async function host() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  await put('etc/machine-id', `${'c'.repeat(32)}\n`);
  await put('sys/class/dmi/id/product_uuid', '4c4c4544-0051-3010-8052-b4c04f4a4e32\n');
  await put('sys/class/net/eth0/address', '52:54:00:12:34:56\n');
  const own = 'var/lib/linux_patch_worker';
  const path = join(folder.path, own, 'instance.json');
  const logger = memoryLogger();
  const place = { root: folder.path, folder: join(folder.path, own) };
  const told = (files = systemFiles) => openInstance({ ...place, files, random: systemRandom, logger });
  const open = async (files = systemFiles) => (await told(files)).instanceId;
  return { put, path, open, told, logger };
}

describe('the id of an instance', () => {
  it('is born with the folder, kept over restarts, and for nobody else to read', async () => {
    const { open, path } = await host();
    const id = await open();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await open()).toBe(id);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain('c'.repeat(32));
  });

  it.each<[string, readonly [string, string][]]>([
    ['another machine-id', [['etc/machine-id', `${'d'.repeat(32)}\n`]]],
    [
      'the machine-id of its original, on another machine',
      [
        ['sys/class/dmi/id/product_uuid', '4c4c4544-0051-3010-8052-000000000000\n'],
        ['sys/class/net/eth0/address', '52:54:00:99:99:99\n'],
      ],
    ],
  ])('is another one on a copy of the disk with %s', async (_what, changes) => {
    const { told, put } = await host();
    const { instanceId, origin } = await told();
    expect(origin).toBe('first');
    for (const [path, text] of changes) await put(path, text);
    const copy = await told();
    expect(copy.origin).toBe('other_host');
    expect(copy.instanceId).not.toBe(instanceId);
    expect(await told()).toEqual({ instanceId: copy.instanceId, origin: 'kept' });
  });

  it.each<[string, readonly [string, string][]]>([
    ['another network card', [['sys/class/net/eth0/address', '52:54:00:99:99:99\n']]],
    ['a machine-id that cannot be read now', [['etc/machine-id', '']]],
  ])('stays the same with %s', async (_what, changes) => {
    const { open, put } = await host();
    const id = await open();
    for (const [path, text] of changes) await put(path, text);
    expect(await open()).toBe(id);
  });

  it('is another one when its file is damaged', async () => {
    const { open, told, put, logger } = await host();
    const id = await open();
    await put('var/lib/linux_patch_worker/instance.json', '{"format":1');
    const now = await told();
    expect(now.origin).toBe('unreadable');
    expect(now.instanceId).not.toBe(id);
    expect(logger.records.map((one) => one.level)).toEqual(['warn']);
  });

  it('is none when it cannot be kept, and the file is named', async () => {
    const { open, put, path } = await host();
    const readOnly = { ...systemFiles, writeDurably: () => Promise.reject(new Error('EROFS')) };
    await expect(open(readOnly)).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining(path),
    });
    // One that is on disk is known, whatever else cannot be written beside it.
    const id = await open();
    await put('sys/class/net/eth0/address', '52:54:00:99:99:99\n');
    expect(await open(readOnly)).toBe(id);
  });

  it('is the same for many that ask for the first time', async () => {
    const { open } = await host();
    expect(new Set(await Promise.all([open(), open(), open()])).size).toBe(1);
  });
});
