import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import { splitName } from '../rpm/names.ts';
import { askZypper } from './ask.ts';
import { elementsOf, listedIn, type XmlElement } from './xml.ts';

/** A patch that this host needs, as zypper calls a notice of the vendor. */
export interface Patch {
  readonly id: string;
  readonly security: boolean;
  readonly severity: string;
  readonly cves: readonly string[];
}

/** A package that a patch mends, and the version in which it does. */
export interface PatchedPackage {
  readonly id: string;
  readonly name: string;
  readonly architecture: string | undefined;
  readonly version: string;
}

/** Patches whose packages one run is asked for: arguments have a bound. */
const MOST_IN_ONE_RUN = 200;

/** Reads `zypper list-patches`, which names no packages. */
export function readPatches(answer: XmlElement): Patch[] {
  return listedIn(answer, 'update-list', 'update')
    .filter((one) => one.attributes.get('kind') === 'patch')
    .map((one) => ({
      id: one.attributes.get('name') ?? '',
      security: one.attributes.get('category') === 'security',
      severity: one.attributes.get('severity') ?? '',
      cves: elementsOf(one, 'issue').flatMap((issue) =>
        issue.attributes.get('type') === 'cve' ? (issue.attributes.get('id') ?? []) : [],
      ),
    }));
}

/** `toylib.noarch < 1.1-1`; other kinds of things that a patch may name have a colon behind their kind. */
const CONFLICT = /^([\w.+@-]+) < (\S+)$/;

/**
 * Reads `zypper info -t patch`, of which a patch says under "Conflicts" what it mends. Words of a repository are indented
 * in it, so that no description passes for that.
 */
export function readPatchedPackages(answer: XmlElement): PatchedPackage[] {
  return elementsOf(answer, 'message').flatMap(({ text }) => {
    const lines = text.split('\n');
    const id = lines.map((line) => /^Name +: (\S+)$/.exec(line)?.[1]).find((one) => one !== undefined);
    const at = lines.findIndex((line) => /^Conflicts +: /.test(line));
    if (id === undefined || at < 0) return [];
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((line) => !line.startsWith(' '));
    const first = (lines[at] ?? '').replace(/^Conflicts +: /, '');
    return [first, ...rest.slice(0, end < 0 ? undefined : end)].flatMap((line) => {
      const [, called, version] = CONFLICT.exec(line.trim()) ?? [];
      if (called === undefined || version === undefined) return [];
      return [{ id, ...splitName(called), version }];
    });
  });
}

/** Patches that this host needs, and their packages. */
export interface NeededPatches {
  readonly patches: ReadonlyMap<string, Patch>;
  readonly packages: readonly PatchedPackage[];
}

/** @throws PatchError when zypper cannot say, or says of a patch not what it mends: less than there is is worse than none */
export async function readNeededPatches(doors: PackageDoors): Promise<NeededPatches> {
  const patches = readPatches((await askZypper(doors, ['list-patches'])).answer);
  const byId = new Map(patches.map((one) => [one.id, one]));
  const ids = [...byId.keys()].filter((id) => /^[\w.:+-]+$/.test(id) && !id.startsWith('-'));
  const packages: PatchedPackage[] = [];
  for (let at = 0; at < ids.length; at += MOST_IN_ONE_RUN) {
    const some = ids.slice(at, at + MOST_IN_ONE_RUN);
    packages.push(...readPatchedPackages((await askZypper(doors, ['info', '-t', 'patch', ...some])).answer));
  }
  const known = new Set(packages.map((one) => one.id));
  const silent = patches.filter((one) => one.security && !known.has(one.id));
  if (silent.length === 0) return { patches: byId, packages };
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `zypper does not say which packages ${silent[0]?.id} mends, so that security updates are not known.`,
  );
}
