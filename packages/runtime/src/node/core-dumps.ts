import { writeFileSync } from 'node:fs';

/** What of a process goes into its core file (core(5)); inherited by its children. */
const FILTER = '/proc/self/coredump_filter';

/**
 * Keeps memory out of core files: keys, codes and tokens are in it. The limit of the unit (`LimitCORE=0`) does not bind a
 * program that somebody starts by hand, and handlers that the kernel pipes a core to may ignore it; this does. Where
 * procfs does not allow it, it is left as it is.
 */
export function withholdCores(): void {
  try {
    writeFileSync(FILTER, '0\n');
  } catch {}
}
