import type { Files } from './files.ts';

/** When this host was started. */
export interface BootFacts {
  /** Differs after every boot, of a container, too; null in containers that hide it. */
  readonly id: string | null;
  /** Time since then, sleep included (proc_uptime(5)). */
  readonly ageMs: number;
}

/** Clock ticks within which a kernel starts its first process; one that is younger is a container's. */
const MACHINE_STARTS_WITHIN_TICKS = 1_000;

/** When a process started, in clock ticks since the kernel did, where that is later than a machine's first one. */
function containerStart(firstProcess: string): string | undefined {
  // The program's name stands in brackets and may hold anything (proc_pid_stat(5)).
  const ticks = firstProcess.slice(firstProcess.lastIndexOf(')') + 2).split(' ')[19];
  return Number(ticks) > MACHINE_STARTS_WITHIN_TICKS ? ticks : undefined;
}

/**
 * What differs after every boot. A container that is restarted keeps the kernel's id: the one that its manager puts over
 * it is out of sight for a service with `ProtectKernelTunables=`, so the start of its first process is added.
 * @param kernelBootId text of /proc/sys/kernel/random/boot_id (random(4))
 * @param firstProcess text of /proc/1/stat
 */
export function bootIdOf(kernelBootId: string, firstProcess: string): string | null {
  if (kernelBootId === '') return null;
  const start = containerStart(firstProcess);
  return start === undefined ? kernelBootId : `${kernelBootId}+${start}`;
}

/**
 * Whether two ids are of one boot. In a container a service with `ProtectKernelTunables=` and one without see different ids of
 * the kernel, so there the start of the first process decides.
 */
export function isSameBoot(one: string | null, other: string | null): boolean {
  const [start, otherStart] = [one, other].map((id) => id?.split('+')[1]);
  return one === other || (start !== undefined && start === otherStart);
}

/** Reads when this host was started. */
export async function readBoot(files: Pick<Files, 'readText'>): Promise<BootFacts> {
  const proc = async (path: string): Promise<string> =>
    ((await files.readText(`/proc/${path}`)) ?? '').trim();
  const [uptime, bootId, firstProcess] = await Promise.all([
    proc('uptime'),
    proc('sys/kernel/random/boot_id').catch(() => ''),
    proc('1/stat').catch(() => ''),
  ]);
  return { id: bootIdOf(bootId, firstProcess), ageMs: (Number.parseFloat(uptime) || 0) * 1_000 };
}
