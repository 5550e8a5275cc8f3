import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { findBackend } from './find-backend.ts';

/** A host that has these programs and no other. */
const hostWith = (...programs: readonly string[]) => ({
  facts: async (path: string) => (programs.includes(path) ? systemFiles.facts('/proc/self/exe') : undefined),
});

describe('the package manager of a host', () => {
  it('is found by its program', async () => {
    expect(await findBackend(hostWith('/usr/bin/apt-get', '/usr/bin/pacman'), 'auto')).toBe('apt');
    expect(await findBackend(hostWith('/usr/bin/apt-get'), 'apt')).toBe('apt');
  });

  it('is named where this release cannot drive it, and never taken for another', async () => {
    await expect(findBackend(hostWith('/usr/bin/pacman'), 'auto')).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringMatching(/^The package manager of this host is pacman\. This release drives /),
    });
    await expect(findBackend(hostWith('/usr/bin/pacman'), 'apt')).rejects.toMatchObject({
      message: expect.stringMatching(
        /^package_manager\.backend is apt, but \/usr\/bin\/apt-get does not exist\./,
      ),
    });
    await expect(findBackend(hostWith(), 'auto')).rejects.toMatchObject({
      message: expect.stringMatching(/^This host has no package manager that is known here\./),
    });
  });
});
