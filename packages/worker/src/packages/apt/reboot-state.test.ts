import { describe, expect, it } from 'vitest';
import type { Installed } from '../package-facts.ts';
import { asksForReboot } from './reboot-packages.ts';
import { outdatedKernel } from './running-kernel.ts';

describe('packages that are in use only after a reboot', () => {
  it.each([
    'linux-image-6.1.0-38-amd64',
    'linux-image-amd64',
    'linux-image-6.8.0-45-generic',
    'linux-image-unsigned-6.8.0-45-lowlatency',
    'linux-image-6.1.0-38-cloud-amd64',
    'linux-image-rt-amd64',
    'linux-modules-extra-6.8.0-1016-aws',
    'proxmox-kernel-6.8.4-2-pve-signed',
    'raspberrypi-kernel',
    'intel-microcode',
    'amd64-microcode',
    'linux-firmware',
    'linux-firmware-raspi',
    'raspi-firmware',
    'raspberrypi-bootloader',
    'libc6',
    'systemd',
    'dbus',
    'dbus-daemon',
    'udev',
  ])('%s is one', (name) => {
    expect(asksForReboot(name)).toBe(true);
  });

  it.each([
    'linux-image-6.1.0-38-amd64-dbg',
    'linux-image-6.1.0-38-amd64-dbgsym',
    'linux-headers-6.1.0-38-amd64',
    'linux-libc-dev',
    'linux-doc',
    'linux-tools-common',
    'raspberrypi-kernel-headers',
    'raspi-config',
    'libc6-dev',
    'libc6-dbg',
    'libsystemd-dev',
    'dbus-x11',
    'dbus-user-session',
    'systemd-timesyncd',
    'toylib',
  ])('%s is none', (name) => {
    expect(asksForReboot(name)).toBe(false);
  });
});

describe('the running kernel', () => {
  const installed = (...names: readonly string[]): Installed[] =>
    names.map((text) => {
      const [name = '', version = '1'] = text.split('=');
      const rest = {
        architecture: 'amd64',
        description: '',
        sizeBytes: null,
        source: null,
        held: false,
        broken: false,
      };
      return { name, version, ...rest };
    });

  it.each([
    ['6.1.0-37-amd64', ['linux-image-6.1.0-37-amd64', 'linux-image-6.1.0-38-amd64'], '6.1.0-38-amd64'],
    ['6.1.0-9-amd64', ['linux-image-6.1.0-10-amd64'], '6.1.0-10-amd64'],
    ['6.8.0-45-generic', ['linux-image-unsigned-6.8.0-48-generic'], '6.8.0-48-generic'],
    ['6.12.22+bpo-cloud-amd64', ['linux-image-6.12.27+bpo-cloud-amd64'], '6.12.27+bpo-cloud-amd64'],
    ['6.8.4-2-pve', ['proxmox-kernel-6.8.12-1-pve-signed'], '6.8.12-1-pve'],
  ])('%s is older than an installed one', (release, names, newest) => {
    expect(outdatedKernel({ release, version: '' }, installed(...names))).toBe(
      `kernel ${newest} is installed, ${release} runs`,
    );
  });

  it.each([
    ['6.1.0-38-amd64', ['linux-image-6.1.0-37-amd64', 'linux-image-6.1.0-38-amd64', 'linux-image-amd64']],
    // Of other flavours a newer one may be there for another purpose.
    ['6.1.0-37-amd64', ['linux-image-6.1.0-37-amd64', 'linux-image-6.1.0-38-rt-amd64']],
    ['6.1.0-37-amd64', ['linux-image-6.1.0-37-amd64', 'linux-image-6.1.0-38-amd64-dbg']],
    ['6.18.44', ['linux-image-6.99.0-1-amd64']],
    ['6.1.0-37-amd64', []],
  ])('%s is the newest of its flavour among %j', (release, names) => {
    expect(outdatedKernel({ release, version: '' }, installed(...names))).toBeUndefined();
  });

  it('is older than an installed one of the same name, by the version that Debian builds in', () => {
    const running = {
      release: '6.1.0-37-amd64',
      version: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)',
    };
    expect(outdatedKernel(running, installed('linux-image-6.1.0-37-amd64=6.1.147-1'))).toBe(
      'linux-image-6.1.0-37-amd64 6.1.147-1 is installed, 6.1.140-1 runs',
    );
    expect(outdatedKernel(running, installed('linux-image-6.1.0-37-amd64=6.1.140-1'))).toBeUndefined();
  });
});
