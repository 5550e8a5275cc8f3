/** Clock ticks within which a kernel starts its first process; one that is younger is a container's. */
const MACHINE_STARTS_WITHIN_TICKS = 1_000;

/**
 * What differs after every boot. A container that is restarted keeps the kernel's id: the one that its manager puts over
 * it is out of sight for a service with `ProtectKernelTunables=`, so the start of its first process is added.
 * @param kernelBootId text of /proc/sys/kernel/random/boot_id (random(4))
 * @param firstProcess text of /proc/1/stat (proc_pid_stat(5))
 */
export function bootIdOf(kernelBootId: string, firstProcess: string): string | null {
  if (kernelBootId === '') return null;
  // The program's name stands in brackets and may hold anything.
  const startedTicks = Number(firstProcess.slice(firstProcess.lastIndexOf(')') + 2).split(' ')[19]);
  return startedTicks > MACHINE_STARTS_WITHIN_TICKS ? `${kernelBootId}+${startedTicks}` : kernelBootId;
}
