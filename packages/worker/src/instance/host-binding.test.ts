import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differingFacts, isOtherHost, readHostBinding } from './host-binding.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let trees = 0;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const ID = 'c'.repeat(32);
const UUID = '4c4c4544-0051-3010-8052-b4c04f4a4e32';
const machine = (id = ID) => ({ 'etc/machine-id': `${id}\n` });
const board = (uuid = UUID) => ({ 'sys/class/dmi/id/product_uuid': `${uuid}\n` });
const card = (name = 'eth0', address = '52:54:00:12:34:56') => ({
  [`sys/class/net/${name}/address`]: `${address}\n`,
});
const container = (uuid?: string) => ({
  'run/systemd/container': 'lxc\n',
  ...(uuid === undefined ? {} : { 'run/host/container-uuid': `${uuid}\n` }),
});

/** The binding of a host with these files. */
async function bindingOf(files: Readonly<Record<string, string>>) {
  trees += 1;
  const root = join(folder.path, `host${trees}`);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return readHostBinding({ files: systemFiles, root });
}

const before = () => bindingOf({ ...machine(), ...board(), ...card() });

describe('a host with an identity', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', { ...machine(), ...board(), ...card() }],
    ['another name', { ...machine(), ...board(), ...card(), 'etc/hostname': 'renamed\n' }],
    ['another network card', { ...machine(), ...board(), ...card('eth1', '52:54:00:99:99:99') }],
    ['one more network card', { ...machine(), ...board(), ...card(), ...card('eth1', '52:54:00:99:99:99') }],
    ['no network card', { ...machine(), ...board() }],
    ['a new machine-id', { ...machine('d'.repeat(32)), ...board(), ...card() }],
    ['a new mainboard with the old network card', { ...machine(), ...board('other'), ...card() }],
    ['the name of its network card', { ...machine(), ...board(), ...card('enp0s3') }],
    ['what it may read: everything is hidden', {}],
    [
      'a mainboard without an id',
      { ...machine(), ...board('00000000-0000-0000-0000-000000000000'), ...card() },
    ],
    ['container bridges', { ...machine(), ...board(), ...card(), ...card('docker0', '02:42:ac:11:00:02') }],
  ])('is the same when it has changed: %s', async (_what, files) => {
    expect(isOtherHost(await before(), await bindingOf(files))).toBe(false);
  });

  it.each<[string, Record<string, string>]>([
    [
      'a machine with everything of its own',
      { ...machine('d'.repeat(32)), ...board('other'), ...card('eth0', '52:54:00:99:99:99') },
    ],
    [
      'a virtual machine cloned with its machine-id',
      { ...machine(), ...board('other'), ...card('eth0', '52:54:00:99:99:99') },
    ],
    [
      'a machine that shows the same id of its mainboard',
      { ...machine('d'.repeat(32)), ...board(), ...card('eth0', '52:54:00:99:99:99') },
    ],
    [
      'a machine without a mainboard id',
      { ...machine('d'.repeat(32)), ...card('eth0', '52:54:00:99:99:99') },
    ],
  ])('is another when its files lie on %s', async (_what, files) => {
    expect(isOtherHost(await before(), await bindingOf(files))).toBe(true);
  });
});

describe('a container', () => {
  it('is not taken for its neighbour because both show the mainboard of the machine around them', async () => {
    const first = await bindingOf({ ...machine(), ...board(), ...card(), ...container() });
    expect(first.platform).toBeNull();
    const copy = {
      ...machine('d'.repeat(32)),
      ...board(),
      ...card('eth0', '00:16:3e:99:99:99'),
      ...container(),
    };
    expect(isOtherHost(first, await bindingOf(copy))).toBe(true);
    expect(
      isOtherHost(first, await bindingOf({ ...machine(), ...board('other'), ...card(), ...container() })),
    ).toBe(false);
  });

  it('is recognised by its own id where its manager gives one', async () => {
    const first = await bindingOf({ ...machine(), ...card(), ...container('a1') });
    const clone = await bindingOf({ ...machine(), ...card('eth0', '00:16:3e:99:99:99'), ...container('b2') });
    expect(differingFacts(first, clone)).toEqual(['system or container id', 'network cards']);
  });

  it('of Docker is recognised by the mounts that were made for it', async () => {
    const docker = (id: string) => ({
      ...machine(),
      '.dockerenv': '',
      'proc/self/mountinfo': `612 590 8:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n`,
    });
    const first = await bindingOf(docker('a'.repeat(64)));
    const other = await bindingOf(docker('b'.repeat(64)));
    expect(differingFacts(first, other)).toEqual(['system or container id']);
  });
});

describe('the record', () => {
  it('holds no id in the clear', async () => {
    const text = JSON.stringify(await before());
    for (const secret of [ID, UUID, '52:54:00']) expect(text).not.toContain(secret);
  });
});
