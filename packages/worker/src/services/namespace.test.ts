import type { FileFacts, Files } from '@linux-patch/runtime';
import { expect, it } from 'vitest';
import { openNamespace } from './namespace.ts';

const MOUNTS = [
  '22 1 0:29 /@ / rw - btrfs /dev/sda2 rw,subvol=/@',
  '23 22 0:30 / /live rw - overlay overlay rw',
  '24 22 8:5 / /data rw - ext4 /dev/sda5 rw',
].join('\n');

/** Files as stat(2) shows them: device 8:5 is that of an ext4, 0:99 one that btrfs and overlayfs make up. */
const PATHS: Readonly<Record<string, Partial<FileFacts>>> = {
  '/root/data/lib.so': { device: 0x805, inode: 7 },
  '/root/lib.so': { device: 0x63, inode: 7 },
  '/root/live/lib.so': { device: 0x63, inode: 9_000 },
};
const files = {
  factsBehind: async (path: string) => PATHS[path],
  readText: async () => MOUNTS,
} as unknown as Files;

const mapped = (path: string, device: string, inode: number, removed = false) => ({
  path,
  device,
  inode,
  removed,
});

it.each([
  ['the same', mapped('/data/lib.so', '8:5', 7), 'current'],
  ['another file under its path', mapped('/data/lib.so', '8:5', 8), 'old'],
  ['removed, and the same came back', mapped('/data/lib.so', '8:5', 7, true), 'current'],
  ['removed, and another came', mapped('/data/lib.so', '8:5', 8, true), 'old'],
  ['removed for good', mapped('/data/gone.so', '8:5', 8, true), 'old'],
  ['nowhere to be seen', mapped('/data/gone.so', '8:5', 8), 'unknown'],
  ['covered by a file system that was mounted later', mapped('/data/lib.so', '8:6', 7), 'unknown'],
  ['of btrfs, which has two devices, and the same', mapped('/lib.so', '0:1d', 7), 'current'],
  ['of btrfs, and another under its path', mapped('/lib.so', '0:1d', 8), 'old'],
  ['of overlayfs, whose inodes differ, and not removed', mapped('/live/lib.so', '8:5', 7), 'current'],
  ['of overlayfs, and removed', mapped('/live/lib.so', '8:5', 7, true), 'old'],
])('a mapped file that is %s', async (_what, one, verdict) => {
  expect(await openNamespace(files, { base: '/root', pid: '7' }).judge(one)).toBe(verdict);
});
