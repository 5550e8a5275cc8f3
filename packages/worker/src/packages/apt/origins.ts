import type { PackageOrigin } from '../../package-interface/change-policy.ts';
import type { PackageFile } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import type { Source } from '../package-facts.ts';
import { type PackagePolicy, readPolicy } from './policy.ts';
import { readSources } from './sources.ts';
import type { AptSettings } from './state-key.ts';

/** dpkg's own database, from which nothing is installed. */
const DATABASE = '/var/lib/dpkg/status';

/** The host in the address of a source; undefined for a folder of this host. */
function siteOf(uri: string): string | undefined {
  return /^[a-z0-9+.-]+:\/\/(\[[^\]]*\]|[^/:]+)/i.exec(uri)?.[1]?.toLowerCase();
}

function originOf({ origin, label, suite, codename, uri }: Source): PackageOrigin {
  return { origin, label, suite, codename, site: siteOf(uri) };
}

/**
 * Where each of these versions comes from, by what apt knows of them. apt keeps one block for a version that several sources
 * have, and downloads it from any of them; sources with other contents have blocks of their own. So all of them count.
 */
export async function readOrigins(
  doors: PackageDoors,
  wanted: readonly PackageFile[],
  { architecture, lists }: Pick<AptSettings, 'architecture' | 'lists'>,
): Promise<(PackageOrigin | undefined)[][]> {
  const sources = new Map(
    (await readSources(doors, lists)).flatMap((one) => one.lists.map((list) => [list, one] as const)),
  );
  const nameOf = (one: PackageFile): string =>
    [architecture, 'all'].includes(one.architecture) ? one.name : `${one.name}:${one.architecture}`;
  const policy = await readPolicy(doors, [...new Set(wanted.map(nameOf))]);
  return wanted.map((one) => {
    const having = listsOf(policy.get(nameOf(one)), one.version);
    if (having.length === 0) return [undefined];
    return [...new Set(having)].map((list) => {
      const source = sources.get(list);
      return source && originOf(source);
    });
  });
}

/** The lists that have a version. */
function listsOf(known: PackagePolicy | undefined, version: string): string[] {
  const blocks = (known?.versions ?? []).filter((block) => block.version === version);
  return blocks.flatMap((block) => block.lists.filter((list) => !list.endsWith(DATABASE)));
}
