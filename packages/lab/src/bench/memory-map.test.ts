import { describe, expect, it } from 'vitest';
import { nameOf, parseMappings } from './memory-map.ts';

/** From /proc/PID/smaps of Linux 6.18, shortened. */
const SMAPS = `00400000-01c3e000 r--p 00000000 fe:00 260131                             /usr/lib/linux-patch-api/node
Size:              25848 kB
Rss:               14336 kB
Anonymous:             0 kB
7f1a3c000000-7f1a3c021000 rw-p 00000000 00:00 0
Size:               8192 kB
Rss:                  12 kB
Anonymous:            12 kB
0fba8000-1012d000 rw-p 00000000 00:00 0                                  [heap]
Size:               5652 kB
Rss:                5504 kB
Anonymous:          5504 kB
`;

describe('the memory map of a process', () => {
  it('has every mapping with its size', () => {
    expect(parseMappings(SMAPS)).toEqual([
      {
        permissions: 'r--p',
        path: '/usr/lib/linux-patch-api/node',
        sizeKb: 25_848,
        rssKb: 14_336,
        anonymousKb: 0,
      },
      { permissions: 'rw-p', path: '', sizeKb: 8_192, rssKb: 12, anonymousKb: 12 },
      { permissions: 'rw-p', path: '[heap]', sizeKb: 5_652, rssKb: 5_504, anonymousKb: 5_504 },
    ]);
  });

  it('is told in words', () => {
    expect(parseMappings(SMAPS).map(nameOf)).toEqual([
      'constants of Node, with the built-in snapshot',
      'stacks of threads',
      'heap of the C library',
    ]);
  });
});
