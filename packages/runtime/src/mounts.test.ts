import { expect, it } from 'vitest';
import { findMount } from './mounts.ts';

it('the mount that holds a path is the innermost, and of several in one place the last', () => {
  const mounts = [
    '22 1 0:29 /@ / rw - btrfs /dev/sda2 rw,subvol=/@',
    '23 22 8:5 / /var/lib rw shared:7 - ext4 /dev/sda5 rw',
    '24 22 8:6 / /mnt/a\\040b rw - ext4 /dev/sda6 rw',
    '25 23 8:21 / /var/lib rw - xfs /dev/sdb5 rw',
    '',
  ].join('\n');
  expect(findMount(mounts, '/var/lib/dpkg/lock')).toEqual({ device: '8:15', type: 'xfs' });
  expect(findMount(mounts, '/var/library')).toEqual({ device: '0:1d', type: 'btrfs' });
  expect(findMount(mounts, '/mnt/a b/lock')).toEqual({ device: '8:6', type: 'ext4' });
  expect(findMount('', '/x')).toBeUndefined();
});
