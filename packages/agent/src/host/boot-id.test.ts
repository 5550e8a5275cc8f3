import { describe, expect, it } from 'vitest';
import { bootIdOf } from './boot-id.ts';

const KERNEL = '973c311c-d924-4e4c-bb17-949fc5bf8d27';

/** /proc/1/stat of Linux 6.18 with systemd 252, with another start. */
const stat = (startedTicks: number, name = 'systemd') =>
  `1 (${name}) S 0 1 1 0 -1 4194560 15221 201233 63 1005 31 117 420 301 20 0 1 0 ${startedTicks} 23072768 3232 18446744073709551615 1 1 0 0 0 0`;

describe('the boot of a host', () => {
  it('is what the kernel calls it on a machine', () => {
    expect(bootIdOf(KERNEL, stat(11))).toBe(KERNEL);
  });

  it('is another one after a container was restarted, which keeps the kernel', () => {
    const before = bootIdOf(KERNEL, stat(1_420_000));
    expect(before).not.toBe(KERNEL);
    expect(bootIdOf(KERNEL, stat(1_426_100))).not.toBe(before);
    expect(bootIdOf(KERNEL, stat(1_420_000, 'an) odd (name'))).toBe(before);
  });

  it('is not known where the kernel hides it, and what the kernel says where the first process is hidden', () => {
    expect(bootIdOf('', stat(11))).toBeNull();
    expect(bootIdOf(KERNEL, '')).toBe(KERNEL);
  });
});
