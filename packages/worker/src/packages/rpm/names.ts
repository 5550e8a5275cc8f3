import type { PackageId, PackageRules } from '../adapter.ts';
import { compareRpmVersions } from './versions.ts';

/** Names of rpm packages: `name`, `name.architecture` as dnf and zypper have it, or `name:architecture`; `noarch` fits any. */
export const RPM_RULES: PackageRules = {
  compareVersions: compareRpmVersions,
  isNamed(one, name) {
    if (one.name === name) return true;
    const architecture = [':', '.'].flatMap((mark) =>
      name.startsWith(`${one.name}${mark}`) ? [name.slice(one.name.length + 1)] : [],
    )[0];
    if (architecture === undefined) return false;
    return (
      one.architecture === architecture || (one.architecture === 'noarch' && isArchitecture(architecture))
    );
  },
  qualifiedName,
};

export function qualifiedName(one: PackageId): string {
  return `${one.name}.${one.architecture}`;
}

/** Architectures that rpm builds for; a name may have a dot of its own, as `python3.11` has. */
const ARCHITECTURES =
  /^(noarch|x86_64(_v[2-4])?|i[3-6]86|aarch64|arm(v[5-8][a-z]*)?|ppc64(le)?|s390x?|riscv64|loongarch64)$/;

function isArchitecture(word: string): boolean {
  return ARCHITECTURES.test(word);
}

/** A name as people and policies write it, as its parts. */
export function splitName(name: string): {
  readonly name: string;
  readonly architecture: string | undefined;
} {
  const at = Math.max(name.lastIndexOf(':'), name.lastIndexOf('.'));
  const architecture = name.slice(at + 1);
  if (at < 1 || (name[at] === '.' && !isArchitecture(architecture))) return { name, architecture: undefined };
  return { name: name.slice(0, at), architecture };
}

/** The same with a dot, as dnf and zypper take it. */
export function dottedName(name: string): string {
  const parts = splitName(name);
  return parts.architecture === undefined ? parts.name : `${parts.name}.${parts.architecture}`;
}

/** The name in `name-version-release.architecture`; undefined for what is none. */
export function nameOfNevra(nevra: string): string | undefined {
  return /^(.+)-[^-]+-[^-]+\.[^.-]+$/.exec(nevra)?.[1];
}
