import { PackageName, PackageVersion } from '@linux-patch/contract';
import type { PackageFile, PackageSize } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { aptTool } from './neutral-options.ts';

const KIB = 1024;
/** Well below what the kernel takes as arguments of one program (execve(2)). */
const FILES_AT_ONCE = 5_000;

function keyOf({ name, architecture, version }: PackageFile): string {
  return `${name}:${architecture}=${version}`;
}

/** What the stanzas of `apt-cache show` (deb822(5)) say of sizes, by `name:architecture=version`. */
function parseSizes(text: string): ReadonlyMap<string, PackageSize> {
  return new Map(
    text.split(/\n\n+/).map((stanza) => {
      const field = (name: string): string => new RegExp(`^${name}: *(\\S+) *$`, 'm').exec(stanza)?.[1] ?? '';
      const number = (value: string): number | undefined => (/^\d+$/.test(value) ? Number(value) : undefined);
      const kib = number(field('Installed-Size'));
      const size: PackageSize = {
        downloadBytes: number(field('Size')),
        installedBytes: kib === undefined ? undefined : kib * KIB,
      };
      const is = { name: field('Package'), architecture: field('Architecture'), version: field('Version') };
      return [keyOf(is), size] as const;
    }),
  );
}

/** The sizes of these by the package lists; apt's own sums are made of the same numbers. */
export async function readSizes(
  doors: PackageDoors,
  wanted: readonly PackageFile[],
): Promise<readonly (PackageSize | undefined)[]> {
  const known = new Map<string, PackageSize>();
  const fine = wanted.filter(
    ({ name, version }) => PackageName.safeParse(name).success && PackageVersion.safeParse(version).success,
  );
  for (let start = 0; start < fine.length; start += FILES_AT_ONCE) {
    const targets = fine.slice(start, start + FILES_AT_ONCE).map(argumentOf);
    // What it does not know of some makes it fail, and says nothing against the others.
    const { stdout } = await query(doors, aptTool('apt-cache', ['show', '--', ...targets]));
    for (const [key, size] of parseSizes(stdout)) known.set(key, size);
  }
  return wanted.map((one) => known.get(keyOf(one)));
}

function argumentOf({ name, architecture, version }: PackageFile): string {
  return `${architecture === 'all' ? name : `${name}:${architecture}`}=${version}`;
}
