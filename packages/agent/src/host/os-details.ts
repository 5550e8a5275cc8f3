import { machine, release } from 'node:os';
import type { OsDetails } from '@linux-patch/contract';
import { type OsRelease, readOsRelease } from '@linux-patch/runtime';
import type { Host } from './host.ts';

/** The kernel that runs, as uname(2) tells. */
export interface Kernel {
  /** Its release, as `uname -r` prints it. */
  readonly kernel: string;
  /** Hardware name, as `uname -m` prints it. */
  readonly architecture: string;
}

export function readKernel(): Kernel {
  return { kernel: release(), architecture: machine() };
}

/** Facts about the system under every name that some generation of managers reads. */
export async function collectOsDetails({ files, root }: Pick<Host, 'files' | 'root'>): Promise<OsDetails> {
  // A file that cannot be read must not keep a host from joining.
  const none: Partial<OsRelease> = {};
  const {
    id,
    name,
    idLike,
    codename,
    versionId: version = 'unknown',
  } = await readOsRelease(files, root).catch(() => none);
  return {
    os: 'linux',
    name: id ?? 'unknown',
    distro: name ?? 'unknown',
    version,
    version_id: version,
    os_version: version,
    ...(idLike === undefined ? {} : { id_like: idLike }),
    ...(codename === undefined ? {} : { codename }),
    ...readKernel(),
  };
}
