import { type OsRelease, readBoot, readOsRelease } from '@linux-patch/runtime';
import { type NameSources, readFqdn, shortNameOf } from './host-name.ts';
import { type Kernel, readKernel } from './os-details.ts';

/** What the kernel and the distribution say about this host. */
export interface HostFacts extends Kernel {
  readonly hostname: string;
  readonly fqdn: string;
  readonly osRelease: OsRelease;
  readonly uptimeSeconds: number;
  /** Differs after every boot, of a container, too; null in containers that hide it. */
  readonly bootId: string | null;
  /** Epoch milliseconds. */
  readonly lastBootMs: number | null;
}

/** Whoever asks for the facts of a host waits no longer for its name servers. */
const RESOLVER_LIMIT_MS = 2_000;

/** Reads the facts of this host: what an enrolment tells, and what the running kernel says. */
export async function readHostFacts(sources: NameSources): Promise<HostFacts> {
  const { files, root } = sources;
  const proc = async (path: string): Promise<string> =>
    ((await files.readText(`/proc/${path}`)) ?? '').trim();
  const [boot, stat, fqdn, osRelease] = await Promise.all([
    readBoot(files),
    proc('stat'),
    // A host that has lost its name is known by what the kernel calls it.
    readFqdn(sources, RESOLVER_LIMIT_MS).catch(() => proc('sys/kernel/hostname')),
    readOsRelease(files, root),
  ]);
  const bootSeconds = /^btime (\d+)$/m.exec(stat)?.[1];
  return {
    hostname: shortNameOf(fqdn),
    fqdn,
    osRelease,
    ...readKernel(),
    uptimeSeconds: Math.floor(boot.ageMs / 1_000),
    bootId: boot.id,
    lastBootMs: bootSeconds === undefined ? null : Number(bootSeconds) * 1_000,
  };
}
