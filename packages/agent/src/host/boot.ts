import type { Files } from '@linux-patch/runtime';
import { bootIdOf } from './boot-id.ts';

/** When this host was started. */
export interface BootFacts {
  /** Differs after every boot, of a container, too; null in containers that hide it. */
  readonly id: string | null;
  /** Time since then, sleep included (proc_uptime(5)). */
  readonly ageMs: number;
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
