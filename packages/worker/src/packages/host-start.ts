import { belowRoot, type PackageDoors } from './doors.ts';

/** Marks of containers, whose kernel is not theirs to replace. */
const CONTAINER_MARKS = ['run/systemd/container', '.dockerenv', 'run/.containerenv'];
/** Clock ticks in a second, as /proc counts them on every architecture of the big distributions (proc(5)). */
const TICKS = 100;

export async function isContainer(doors: PackageDoors): Promise<boolean> {
  for (const mark of CONTAINER_MARKS) if (await doors.files.facts(belowRoot(doors, mark))) return true;
  return false;
}

async function text(doors: PackageDoors, path: string): Promise<string> {
  return (await doors.files.readText(belowRoot(doors, path)).catch(() => undefined)) ?? '';
}

/** The start of this host, or of this container, epoch milliseconds. */
export async function hostStartedMs(doors: PackageDoors): Promise<number | undefined> {
  const [, boot] = /^btime (\d+)$/m.exec(await text(doors, 'proc/stat')) ?? [];
  // The name in parentheses may hold anything, so fields are counted from its end.
  const [, fields] = /^.*\) (.*)$/s.exec((await text(doors, 'proc/1/stat')).trim()) ?? [];
  const ticks = Number(fields?.split(' ')[19]);
  return boot === undefined || !Number.isFinite(ticks) ? undefined : (Number(boot) + ticks / TICKS) * 1_000;
}
