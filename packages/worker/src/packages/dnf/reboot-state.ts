import { belowRoot, type PackageDoors } from '../doors.ts';
import { hostStartedMs, isContainer } from '../host-start.ts';
import type { Installed, RebootState } from '../package-facts.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import type { DnfDoors } from './doors.ts';
import { readInstalled } from './installed.ts';

/** Kernels of every flavour, with what holds their image. */
const KERNEL = /^kernel(-[a-z0-9]+)*$/;
/** Companions of kernels that nothing runs from. */
const COMPANION = /-(devel|headers|doc|tools|libs|debuginfo|srpm|rpm|macros|matched|abi-stablelists)(-|$)/;
/** What runs from the start of a host to its end, and what only a start loads. */
const OTHERS =
  /^(linux-firmware(-.*)?|microcode_ctl|amd-ucode-firmware|bcm283x-firmware|glibc|systemd(-libs|-udev)?|dbus(-daemon|-broker|-libs)?)$/;

/** Of which distribution a build is: `el9`, `fc40`, `amzn2023`. */
const DISTRIBUTION = /\.((?:el|fc|amzn|azl)\d+)/;

function isKernel(name: string): boolean {
  return KERNEL.test(name) && !COMPANION.test(name);
}

/** Whether a new version of this package is in use only after a reboot. */
export function asksForReboot(name: string): boolean {
  return isKernel(name) || OTHERS.test(name);
}

/**
 * Why the running kernel is not the newest that is installed for its flavour; undefined when it is, or when it is none
 * that packages of this host could replace.
 * @param release as uname(2) has it: `5.14.0-427.el9.x86_64`, of some flavours with `+rt` behind it
 */
export function outdatedKernel(release: string, installed: readonly Installed[]): string | undefined {
  const [plain = release] = release.split('+');
  const kernels = installed.filter((one) => isKernel(one.name));
  const running = kernels.filter((one) => `${one.version}.${one.architecture}` === plain);
  const newer = kernels.filter((one) =>
    running.some((own) => own.name === one.name && compareRpmVersions(own.version, one.version) < 0),
  );
  const newest = newer.sort((a, b) => compareRpmVersions(a.version, b.version)).at(-1);
  return newest && `${newest.name} ${newest.version} is installed, ${release} runs`;
}

/**
 * That the running kernel was removed, and another one is installed; undefined for a kernel that no package of this
 * distribution brought.
 * @param hasModules whether the modules of the running kernel are there
 */
export function removedKernel(
  release: string,
  installed: readonly Installed[],
  hasModules: boolean,
): string | undefined {
  const own = DISTRIBUTION.exec(release)?.[1];
  if (hasModules || own === undefined) return undefined;
  const kernels = installed.filter((one) => isKernel(one.name));
  const isOurs = kernels.some((one) => DISTRIBUTION.exec(one.version)?.[1] === own);
  return isOurs ? `${release} runs, and its modules are gone: another kernel is installed` : undefined;
}

/** Why the running kernel is not one that this host would start now. */
async function kernelReason(
  doors: PackageDoors,
  installed: readonly Installed[],
): Promise<string | undefined> {
  const path = belowRoot(doors, 'proc/sys/kernel/osrelease');
  const release = (await doors.files.readText(path).catch(() => undefined))?.trim();
  if (release === undefined || (await isContainer(doors))) return undefined;
  const modules = await doors.files.facts(belowRoot(doors, `lib/modules/${release}`));
  return outdatedKernel(release, installed) ?? removedKernel(release, installed, modules !== undefined);
}

/** Asks every witness: the running kernel against the installed ones, and packages that came after this host was started. */
export async function readRebootState(doors: DnfDoors): Promise<RebootState> {
  const installed = await readInstalled(doors);
  const reasons: string[] = [];
  const kernel = await kernelReason(doors, installed);
  if (kernel !== undefined) reasons.push(kernel);
  const started = await hostStartedMs(doors);
  const names = installed
    .filter((one) => OTHERS.test(one.name) && started !== undefined && one.installedAtMs > started)
    .map((one) => one.name);
  if (names.length > 0) reasons.push(`changed since this host was started: ${names.join(', ')}`);
  return { required: reasons.length > 0, reasons };
}
