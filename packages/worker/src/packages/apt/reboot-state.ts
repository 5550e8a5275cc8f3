import { belowRoot, type PackageDoors } from '../doors.ts';
import { hostStartedMs, isContainer } from '../host-start.ts';
import type { Installed, RebootState } from '../package-facts.ts';
import { readInstalledAtMs } from './installed.ts';
import { asksForReboot, isKernel } from './reboot-packages.ts';
import { outdatedKernel } from './running-kernel.ts';

const FLAG_FILES = ['run/reboot-required', 'var/run/reboot-required'];

/** What stands for itself in `readRebootState`, and may come and go while the host runs. */
export function rebootFlagsOf(doors: Pick<PackageDoors, 'root'>): string[] {
  return FLAG_FILES.flatMap((path) => [path, `${path}.pkgs`]).map((path) => belowRoot(doors, path));
}

/**
 * Asks every witness: the flag file of the distribution's helpers (which plain Debian hosts do not have), the running
 * kernel against the installed ones, and packages that came after this host was started.
 */
export async function readRebootState(
  doors: PackageDoors,
  installed: readonly Installed[],
): Promise<RebootState> {
  const flagged = await flagReason(doors);
  const found = [flagged, await kernelReason(doors, installed), await sinceStartReason(doors, installed)];
  const reasons = found.filter((one) => one !== undefined);
  return { required: reasons.length > 0, reasons };
}

async function text(doors: PackageDoors, path: string): Promise<string | undefined> {
  return (await doors.files.readText(belowRoot(doors, path)).catch(() => undefined))?.trim();
}

/** update-notifier's flag files; what asks for them names itself in the second. */
async function flagReason(doors: PackageDoors): Promise<string | undefined> {
  for (const path of FLAG_FILES) {
    if (!(await doors.files.facts(belowRoot(doors, path)))) continue;
    const names = new Set((await text(doors, `${path}.pkgs`))?.split('\n').filter(Boolean));
    return names.size === 0 ? `/${path} exists` : `asked for by ${[...names].join(', ')}`;
  }
  return undefined;
}

async function kernelReason(
  doors: PackageDoors,
  installed: readonly Installed[],
): Promise<string | undefined> {
  if (await isContainer(doors)) return undefined;
  const release = await text(doors, 'proc/sys/kernel/osrelease');
  const version = (await text(doors, 'proc/sys/kernel/version')) ?? '';
  return release === undefined ? undefined : outdatedKernel({ release, version }, installed);
}

async function sinceStartReason(
  doors: PackageDoors,
  installed: readonly Installed[],
): Promise<string | undefined> {
  const started = await hostStartedMs(doors);
  if (started === undefined) return undefined;
  const names: string[] = [];
  for (const one of installed) {
    if (!asksForReboot(one.name) || isKernel(one.name)) continue;
    if (((await readInstalledAtMs(doors, one)) ?? 0) > started) names.push(one.name);
  }
  return names.length === 0 ? undefined : `changed since this host was started: ${names.join(', ')}`;
}
