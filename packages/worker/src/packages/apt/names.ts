import type { PackageRules } from '../adapter.ts';
import { compareDebianVersions } from './versions.ts';

/** Names of Debian packages, `name` or `name:architecture`; packages for all architectures fit any. */
export const DEBIAN_RULES: PackageRules = {
  compareVersions: compareDebianVersions,
  isNamed(one, name) {
    const [plain, architecture] = name.split(':');
    if (one.name !== plain) return false;
    return architecture === undefined || one.architecture === architecture || one.architecture === 'all';
  },
  qualifiedName: (one) => `${one.name}:${one.architecture}`,
};
