import type { PackageId, PackageRules } from '../adapter.ts';
import { comparePacmanVersions } from './versions.ts';

/** Names of pacman's packages, or `name:architecture`; `any` fits each. Only one architecture of a name is ever there. */
export const PACMAN_RULES: PackageRules = {
  compareVersions: comparePacmanVersions,
  isNamed(one, name) {
    const [plain, architecture] = name.split(':');
    if (one.name !== plain) return false;
    return architecture === undefined || one.architecture === architecture || one.architecture === 'any';
  },
  qualifiedName: (one: PackageId) => `${one.name}:${one.architecture}`,
};

/** The name as pacman takes it. */
export function plainName(name: string): string {
  return name.split(':')[0] ?? name;
}

/** The parts of `name-version-release`, as pacman prints packages and names their folders; undefined for what is none. */
export function splitPackage(text: string): { readonly name: string; readonly version: string } | undefined {
  const [, name, version] = /^(.+)-([^-\s]+-[^-\s]+)$/.exec(text) ?? [];
  return name === undefined || version === undefined ? undefined : { name, version };
}
