import { belowRoot, type PackageDoors } from '../doors.ts';
import { hostStartedMs, isContainer } from '../host-start.ts';
import type { RebootState } from '../package-facts.ts';
import type { PacmanInstalled } from './local-database.ts';

/** Kernels of every flavour. */
const KERNEL = /^linux(-[a-z0-9]+)*$/;
/** What begins like a kernel and is none. */
const COMPANION = /^linux-(api-headers|firmware|tools|atm|console|aio)|-(headers|docs)$/;
/** What runs from the start of a host to its end, and what only a start loads. */
const OTHERS =
  /^(linux-firmware(-.*)?|(amd|intel)-ucode|raspberrypi-bootloader(-x)?|glibc|systemd(-libs)?|dbus(-broker|-daemon-units)?|libdbus)$/;

function isKernel(name: string): boolean {
  return KERNEL.test(name) && !COMPANION.test(name);
}

/** Whether a new version of this package is in use only after a reboot. */
export function asksForReboot(name: string): boolean {
  return isKernel(name) || OTHERS.test(name);
}

/** Asks every witness: whether modules of the running kernel are still there, and packages that came after this host was started. */
export async function readRebootState(
  doors: PackageDoors,
  installed: readonly PacmanInstalled[],
): Promise<RebootState> {
  const reasons: string[] = [];
  const path = belowRoot(doors, 'proc/sys/kernel/osrelease');
  const release = (await doors.files.readText(path).catch(() => undefined))?.trim();
  const modules = belowRoot(doors, `usr/lib/modules/${release}`);
  const isOurs = release !== undefined && installed.some((one) => isKernel(one.name));
  if (isOurs && !(await isContainer(doors)) && !(await doors.files.facts(modules)))
    reasons.push(`${release} runs, and its modules are gone: another kernel is installed`);
  const started = await hostStartedMs(doors);
  const names = installed
    .filter((one) => OTHERS.test(one.name) && started !== undefined && one.installedAtMs > started)
    .map((one) => one.name);
  if (names.length > 0) reasons.push(`changed since this host was started: ${names.join(', ')}`);
  return { required: reasons.length > 0, reasons };
}
