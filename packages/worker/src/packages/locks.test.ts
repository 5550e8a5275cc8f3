import { describe, expect, it } from 'vitest';
import { chooseHolder, parseLockHolders } from './locks.ts';

describe('locks', () => {
  it('name who holds them by device and inode of the file, and nobody who only waits', () => {
    const text = [
      '1: POSIX  ADVISORY  WRITE 317 fe:00:4711 0 EOF',
      '1: -> POSIX  ADVISORY  WRITE 318 fe:00:4711 0 EOF',
      '2: FLOCK  ADVISORY  WRITE 400 00:17:4711 0 EOF',
      '3: OFDLCK ADVISORY  WRITE -1 fe:00:99 0 EOF',
    ].join('\n');
    const holders = (inode: number, ...devices: string[]) => parseLockHolders(text, [{ inode, devices }]);
    expect(holders(4711, 'fe:0')).toEqual([317]);
    expect(holders(4711, '0:17')).toEqual([400]);
    expect(holders(4711, '8:1', 'fe:0')).toEqual([317]);
    expect(holders(4711, '8:1')).toEqual([]);
    expect(holders(99, 'fe:0')).toEqual([-1]);
    expect(holders(1, 'fe:0')).toEqual([]);
  });

  it('are told by a holder that still is there: dpkg below apt may end in between', async () => {
    const running: Readonly<Record<number, string>> = { 40: 'apt-get', 41: 'dpkg' };
    const choose = (...pids: number[]) => chooseHolder(pids, async (pid) => running[pid]);
    expect(await choose(41, 40)).toEqual({ pid: 41, program: 'dpkg' });
    expect(await choose(-1, 39, 40)).toEqual({ pid: 40, program: 'apt-get' });
    expect(await choose(39)).toEqual({ pid: 39, program: 'an unknown program' });
    expect(await choose(-1)).toEqual({ pid: undefined, program: 'a program in another container' });
    expect(await choose()).toBeUndefined();
  });
});
