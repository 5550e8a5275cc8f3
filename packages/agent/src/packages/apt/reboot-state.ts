import { type AptContext, aptPath } from './apt-context.ts';
import { type InstalledPackage, readInstalled } from './installed.ts';
import { asksForReboot, isKernel } from './reboot-packages.ts';
import { outdatedKernel } from './running-kernel.ts';

const FLAG_FILES = ['run/reboot-required', 'var/run/reboot-required'];
/** Marks of containers, whose kernel is not theirs to replace. */
const CONTAINER_MARKS = ['run/systemd/container', '.dockerenv', 'run/.containerenv'];
/** Clock ticks in a second, as /proc counts them on every architecture of Debian (proc(5)). */
const TICKS = 100;

/** Whether updates wait for a reboot, and why; each reason is a clause for people. */
export interface RebootState {
  readonly required: boolean;
  readonly reasons: readonly string[];
}

/**
 * Asks every witness: the flag file of the distribution's helpers (which plain Debian hosts do not have), the running
 * kernel against the installed ones, and packages that came after this host was started.
 */
export async function readRebootState(context: AptContext): Promise<RebootState> {
  const installed = await readInstalled(context);
  const flagged = await flagReason(context);
  const found = [flagged, await kernelReason(context, installed), await sinceStartReason(context, installed)];
  const reasons = found.filter((one) => one !== undefined);
  return { required: reasons.length > 0, reasons };
}

async function text(context: AptContext, path: string): Promise<string | undefined> {
  return (await context.files.readText(aptPath(context, path)).catch(() => undefined))?.trim();
}

/** update-notifier's flag files; what asks for them names itself in the second. */
async function flagReason(context: AptContext): Promise<string | undefined> {
  for (const path of FLAG_FILES) {
    if (!(await context.files.facts(aptPath(context, path)))) continue;
    const names = new Set((await text(context, `${path}.pkgs`))?.split('\n').filter(Boolean));
    return names.size === 0 ? `/${path} exists` : `asked for by ${[...names].join(', ')}`;
  }
  return undefined;
}

async function kernelReason(
  context: AptContext,
  installed: readonly InstalledPackage[],
): Promise<string | undefined> {
  for (const mark of CONTAINER_MARKS) if (await context.files.facts(aptPath(context, mark))) return undefined;
  const release = await text(context, 'proc/sys/kernel/osrelease');
  const version = (await text(context, 'proc/sys/kernel/version')) ?? '';
  return release === undefined ? undefined : outdatedKernel({ release, version }, installed);
}

/** The start of this host, or of this container, epoch milliseconds. */
async function startedMs(context: AptContext): Promise<number | undefined> {
  const [, boot] = /^btime (\d+)$/m.exec((await text(context, 'proc/stat')) ?? '') ?? [];
  // The name in parentheses may hold anything, so fields are counted from its end.
  const [, fields] = /^.*\) (.*)$/s.exec((await text(context, 'proc/1/stat')) ?? '') ?? [];
  const ticks = Number(fields?.split(' ')[19]);
  return boot === undefined || !Number.isFinite(ticks) ? undefined : (Number(boot) + ticks / TICKS) * 1_000;
}

async function sinceStartReason(
  context: AptContext,
  installed: readonly InstalledPackage[],
): Promise<string | undefined> {
  const started = await startedMs(context);
  if (started === undefined) return undefined;
  const names: string[] = [];
  for (const { name, architecture } of installed) {
    if (!asksForReboot(name) || isKernel(name)) continue;
    for (const file of [`${name}.list`, `${name}:${architecture}.list`]) {
      const facts = await context.files.facts(aptPath(context, `var/lib/dpkg/info/${file}`));
      if (facts && facts.modifiedMs > started) names.push(name);
    }
  }
  return names.length === 0 ? undefined : `changed since this host was started: ${names.join(', ')}`;
}
