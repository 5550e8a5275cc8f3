import type { CommandResult } from '@linux-patch/runtime';
import type { Particulars } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';

type Output = Pick<CommandResult, 'stdout' | 'stderr'>;

/** `Unpacking toy:i386 (1.0-1) over (1.0-1) ...` */
const OVER_ITSELF = /^Unpacking (\S+) \((\S+)\) over \(\2\) \.\.\.$/;

/** Packages that dpkg 1.21 and 1.22 unpacked over the same version. */
export function readReinstalled({ stdout }: Output): string[] {
  return stdout.split('\n').flatMap((line) => OVER_ITSELF.exec(line)?.[1] ?? []);
}

/** `Configuration file '/etc/toy.conf'`, below another root with the real place behind it. */
const CONFFILE = /^Configuration file '(\/.+?)'(?: \(actually '.*'\))?$/;
const KEPT = /^ ==> Keeping old config file as default\.$/;

/** Configuration files that dpkg 1.21 and 1.22 left as an administrator made them; the new ones end in `.dpkg-dist`. */
export function readKeptFiles({ stdout, stderr }: Output): string[] {
  let file: string | undefined;
  const kept = new Set<string>();
  for (const line of [...stdout.split('\n'), ...stderr.split('\n')]) {
    const [, path] = CONFFILE.exec(line) ?? [];
    if (path !== undefined) file = path;
    else if (!line.startsWith(' ==> ')) file = undefined;
    else if (KEPT.test(line) && file !== undefined) kept.add(file);
  }
  return [...kept];
}

/** Reads `dpkg-query -S`: `toy, libtoy:i386: /etc/toy.conf`. */
export function parseOwners(text: string): { readonly name: string; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, names, path] = /^([^/]+): (\/.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined || names.startsWith('diversion by ')) return [];
    return names.split(', ').map((name) => ({ name, path }));
  });
}

/** What a finished run did beside versions. A file that belongs to no package is nothing that dpkg spoke of. */
export async function readParticulars(doors: PackageDoors, output: Output): Promise<Particulars[]> {
  const kept = readKeptFiles(output);
  const owners = kept.length === 0 ? [] : await ownersOf(doors, kept);
  const byName = Map.groupBy(owners, (one) => one.name);
  const again = readReinstalled(output);
  return [...new Set([...again, ...byName.keys()])].map((name) => ({
    name,
    reinstalled: again.includes(name),
    keptFiles: byName.get(name)?.map((one) => one.path) ?? [],
  }));
}

async function ownersOf(doors: PackageDoors, paths: readonly string[]) {
  // It ends with 1 when it knows nothing of one of them, and says what it knows of the others.
  const result = await query(doors, { program: 'dpkg-query', args: ['-S', '--', ...paths] });
  return parseOwners(result.stdout).filter(({ path }) => paths.includes(path));
}
