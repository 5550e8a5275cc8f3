import { expect, it } from 'vitest';
import { isPassing, parseMaps } from './mapped-files.ts';

it('files that a process may run code of are read from its mappings, each once', () => {
  const text = [
    '55d0c0a00000-55d0c0a02000 r--p 00000000 fe:01 262                        /usr/bin/sleep',
    '55d0c0a02000-55d0c0a06000 r-xp 00002000 fe:01 262                        /usr/bin/sleep',
    '7f3e5c000000-7f3e5c021000 rw-p 00000000 00:00 0 ',
    '7f3e60e28000-7f3e60f7d000 r-xp 00026000 103:0a 131099                    /usr/lib/libc.so.6 (deleted)',
    '7f3e60f7d000-7f3e60f7e000 r-xp 00126000 103:0a 131099                    /usr/lib/libc.so.6 (deleted)',
    '7f3e60f90000-7f3e60f91000 r-xp 00000000 00:2f 7                          /opt/a b (deleted)/x',
    '7f3e61000000-7f3e61001000 rwxp 00000000 00:01 5                          /memfd:jit (deleted)',
    '7f3e62000000-7f3e62001000 r--p 00000000 fe:01 9                          /usr/share/locale/C.UTF-8 (deleted)',
    '7ffd0f5f2000-7ffd0f5f4000 r-xp 00000000 00:00 0                          [vdso]',
    '',
  ].join('\n');
  expect(parseMaps(text)).toEqual([
    { path: '/usr/bin/sleep', removed: false, device: 'fe:1', inode: 262 },
    { path: '/usr/lib/libc.so.6', removed: true, device: '103:a', inode: 131099 },
    { path: '/opt/a b (deleted)/x', removed: false, device: '0:2f', inode: 7 },
    { path: '/memfd:jit', removed: true, device: '0:1', inode: 5 },
  ]);
});

it.each([
  ['/memfd:doublemapper', true],
  ['/SYSV00000000', true],
  ['/dev/zero', true],
  ['/tmp/x.so', true],
  ['/var/tmp/x.so', true],
  ['/run/user/1000/orcexec.AbC123', true],
  ['/home/anna/orcexec.AbC123', true],
  ['/home/anna/.cache/JNA/temp/jna-42.tmp', true],
  ['/home/anna/.cache/#1442', true],
  ['/usr/lib/libc.so.6', false],
  ['/opt/tmp/program', false],
  ['/developer/bin/tool', false],
  ['/runtime/lib.so', false],
])('that %s says nothing of packages: %s', (path, passing) => {
  expect(isPassing(path)).toBe(passing);
});
