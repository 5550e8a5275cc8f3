import { join, resolve } from 'node:path';

/** Where a private package root keeps the configuration that holds apt and dpkg inside it. */
export const PRIVATE_APT_CONFIG = 'etc/apt/linux-patch-root.conf';

/**
 * What commands need in their environment so that package managers work below `root` and nowhere else. Nothing for
 * the host itself.
 */
export function packageEnvironment(root: string): Readonly<Record<string, string>> {
  const prefix = resolve(root);
  if (prefix === '/') return {};
  return {
    APT_CONFIG: join(prefix, PRIVATE_APT_CONFIG),
    DPKG_ROOT: prefix,
    DPKG_FORCE: 'script-chrootless,not-root',
  };
}
