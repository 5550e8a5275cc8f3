import type { OsDetails } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { readKernel } from './kernel.ts';
import { type OsRelease, readOsRelease } from './os-release.ts';

/** Facts about the system under every name that some generation of managers reads. */
export async function collectOsDetails(options: {
  readonly files: Files;
  readonly root: string;
}): Promise<OsDetails> {
  // A file that cannot be read must not keep a host from joining.
  const { id, name, idLike, codename, ...release } = await readOsRelease(options.files, options.root).catch(
    (): Partial<OsRelease> => ({}),
  );
  const version = release.versionId ?? 'unknown';
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
