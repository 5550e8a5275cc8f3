import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { findBackend } from './find-backend.ts';

/** A host that has these programs and no other, and calls itself by this os-release. */
const hostOf = (osRelease: string | undefined, ...programs: readonly string[]) => ({
  facts: async (path: string) => (programs.includes(path) ? systemFiles.facts('/proc/self/exe') : undefined),
  readTextLimited: async (path: string) => (path === '/etc/os-release' ? osRelease : undefined),
});
const hostWith = (...programs: readonly string[]) => hostOf(undefined, ...programs);
const [APT, DNF, PACMAN] = ['/usr/bin/apt-get', '/usr/bin/dnf', '/usr/bin/pacman'] as const;
const ZYPPER = '/usr/bin/zypper';
const APK = '/sbin/apk';

describe('the package manager of a host', () => {
  it('is found by its program', async () => {
    expect(await findBackend(hostWith('/usr/bin/apt-get', '/usr/bin/pacman'), 'auto', '/')).toBe('apt');
    expect(await findBackend(hostWith('/usr/bin/apt-get'), 'apt', '/')).toBe('apt');
  });

  it('is named where this release cannot drive it, and never taken for another', async () => {
    await expect(findBackend(hostWith(APK), 'auto', '/')).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringMatching(/^The package manager of this host is apk\. This release drives /),
    });
    await expect(findBackend(hostWith(APK), 'apt', '/')).rejects.toMatchObject({
      message: expect.stringMatching(
        /^package_manager\.backend is apt, but \/usr\/bin\/apt-get does not exist\./,
      ),
    });
    await expect(findBackend(hostWith(), 'auto', '/')).rejects.toMatchObject({
      message: expect.stringMatching(/^This host has no package manager that is known here\./),
    });
  });

  it.each([
    ['Debian with dnf beside apt', 'ID=debian\n', [APT, DNF], 'apt'],
    ['Rocky Linux with apt beside dnf', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', [APT, DNF], 'dnf'],
    ['a derivative of Ubuntu', 'ID=own\nID_LIKE="ubuntu debian"\n', [APT, DNF], 'apt'],
    [
      'openSUSE with apt beside zypper',
      'ID=opensuse-leap\nID_LIKE="suse opensuse"\n',
      [APT, ZYPPER],
      'zypper',
    ],
    ['SLES', 'ID=sles\nID_LIKE=suse\n', [ZYPPER], 'zypper'],
    ['Arch Linux with apt beside pacman', 'ID=arch\n', [APT, PACMAN], 'pacman'],
    ['a derivative of Arch Linux', 'ID=own\nID_LIKE=arch\n', [PACMAN], 'pacman'],
    ['a derivative that says nothing', 'ID=own\nID_LIKE=\n', [DNF], 'dnf'],
  ])('is the one that the distribution is kept with: %s', async (_what, osRelease, programs, backend) => {
    expect(await findBackend(hostOf(osRelease, ...programs), 'auto', '/')).toBe(backend);
  });

  it('is not one that a host of another kind has for other purposes', async () => {
    const alpine = hostOf('ID=alpine\n', APT, APK);
    await expect(findBackend(alpine, 'auto', '/')).rejects.toMatchObject({
      message: expect.stringMatching(/^The package manager of this host is apk\./),
    });
    const micro = hostOf('ID=sle-micro\nID_LIKE=suse\n', ZYPPER, '/usr/sbin/transactional-update');
    await expect(findBackend(micro, 'auto', '/')).rejects.toMatchObject({
      message: expect.stringMatching(/^The package manager of this host is transactional-update\./),
    });
    const image = hostOf('ID=fedora\n', DNF, '/run/ostree-booted');
    for (const configured of ['auto', 'dnf'] as const)
      await expect(findBackend(image, configured, '/')).rejects.toMatchObject({
        message: expect.stringMatching(/^This host is updated as a whole image/),
      });
  });
});
