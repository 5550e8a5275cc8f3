import type { Particulars } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { rpmArguments } from '../rpm/database.ts';
import type { SaidBesides } from './generation.ts';

/** What a finished run did beside versions. Of files only those count whose new one is there and which a package has. */
export async function readParticulars(
  doors: PackageDoors,
  { reinstalled, kept }: SaidBesides,
): Promise<Particulars[]> {
  const byName = new Map<string, string[]>();
  for (const path of kept) {
    if (!(await doors.files.facts(belowRoot(doors, `${path}.rpmnew`)))) continue;
    for (const name of await ownersOf(doors, path)) byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  return [...new Set([...reinstalled, ...byName.keys()])].map((name) => ({
    name,
    reinstalled: reinstalled.includes(name),
    keptFiles: byName.get(name) ?? [],
  }));
}

async function ownersOf(doors: PackageDoors, path: string): Promise<string[]> {
  const args = [...rpmArguments(doors.root), '-q', '--qf', '%{NAME}\\n', '-f', path];
  const found = await query(doors, { program: 'rpm', args });
  return found.exitCode === 0 ? [...new Set(found.stdout.split('\n').filter(Boolean))] : [];
}
