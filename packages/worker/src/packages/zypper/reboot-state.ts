import { belowRoot, type PackageDoors } from '../doors.ts';
import { hostStartedMs, isContainer } from '../host-start.ts';
import type { Installed, RebootState } from '../package-facts.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import { readInstalled } from './installed.ts';

/** Kernels of every flavour: `kernel-default`, `kernel-rt`; some have parts behind it. */
const KERNEL = /^kernel-([a-z0-9]+)(-base|-optional|-extra)?$/;
/** Companions of kernels that nothing runs from. */
const COMPANION = /^kernel-(devel|source|syms|docs|headers|macros|firmware|obs|livepatch)/;
/** What runs from the start of a host to its end, and what only a start loads. */
const OTHERS =
  /^(kernel-firmware(-.*)?|ucode-(intel|amd)|raspberrypi-firmware|glibc|systemd|udev|libsystemd0|libudev1|dbus-1(-daemon)?|dbus-broker)$/;
/** libzypp makes it when a patch or a package asked for a reboot; a start takes it away. */
export const REBOOT_FLAG = 'run/reboot-needed';

function flavourOf(name: string): string | undefined {
  return COMPANION.test(name) ? undefined : KERNEL.exec(name)?.[1];
}

/** Whether a new version of this package is in use only after a reboot. */
export function asksForReboot(name: string): boolean {
  return flavourOf(name) !== undefined || OTHERS.test(name);
}

/**
 * Why the running kernel is not the newest that is installed for its flavour; undefined when it is, or when it is none
 * that packages of this host could replace.
 * @param release as uname(2) has it, `6.4.0-150600.23.7-default`, of the package `kernel-default` `6.4.0-150600.23.7.3`:
 *   the last number counts rebuilds
 */
export function outdatedKernel(release: string, installed: readonly Installed[]): string | undefined {
  const [, version, flavour] = /^(.+)-([a-z][a-z0-9]*)$/.exec(release) ?? [];
  if (version === undefined || flavour === undefined) return undefined;
  const kernels = installed.filter((one) => one.name === `kernel-${flavour}`);
  const running = kernels.filter((one) => one.version === version || one.version.startsWith(`${version}.`));
  const newer = kernels.filter(
    (one) => running.length > 0 && running.every((own) => compareRpmVersions(own.version, one.version) < 0),
  );
  const newest = newer.sort((a, b) => compareRpmVersions(a.version, b.version)).at(-1);
  return newest && `${newest.name} ${newest.version} is installed, ${release} runs`;
}

/** Asks every witness: libzypp's flag, the running kernel against the installed ones, and what came after this host was started. */
export async function readRebootState(doors: PackageDoors): Promise<RebootState> {
  const installed = await readInstalled(doors);
  const reasons: string[] = [];
  if (await doors.files.facts(belowRoot(doors, REBOOT_FLAG))) reasons.push('zypper asks for it');
  const path = belowRoot(doors, 'proc/sys/kernel/osrelease');
  const release = (await doors.files.readText(path).catch(() => undefined))?.trim();
  const kernel =
    release === undefined || (await isContainer(doors)) ? undefined : outdatedKernel(release, installed);
  if (kernel !== undefined) reasons.push(kernel);
  const started = await hostStartedMs(doors);
  const names = installed
    .filter((one) => OTHERS.test(one.name) && started !== undefined && one.installedAtMs > started)
    .map((one) => one.name);
  if (names.length > 0) reasons.push(`changed since this host was started: ${names.join(', ')}`);
  return { required: reasons.length > 0, reasons };
}
