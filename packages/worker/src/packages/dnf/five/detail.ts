import type { z } from 'zod';
import { compareRpmVersions } from '../../rpm/versions.ts';
import type { DetailAnswer } from '../answers.ts';
import type { ReadDnf } from './program.ts';
import { repoquery } from './repoquery.ts';

const TAGS = [
  'name',
  'arch',
  'evr',
  'summary',
  'installsize',
  'license',
  'url',
  'packager',
  'requires',
] as const;

type Row = Record<(typeof TAGS)[number], string>;

/** Everything that dnf 5 knows of one package; null when it knows none of this name. */
export async function readPackage(
  read: ReadDnf,
  wanted: string,
): Promise<z.infer<typeof DetailAnswer>['package']> {
  const [here, there] = await Promise.all([
    repoquery(read, { tags: [...TAGS, 'installtime', 'files'], options: ['--installed'], names: [wanted] }),
    repoquery(read, { tags: TAGS, options: ['--available'], names: [wanted] }),
  ]);
  const installed = newestOf(here, wanted);
  const available = newestOf(there, wanted);
  const one = installed ?? available;
  if (!one) return null;
  const needing = await repoquery(read, {
    tags: ['name'],
    options: ['--installed', `--whatrequires=${one.name}`],
  });
  return {
    name: one.name,
    arch: one.arch,
    version: one.evr,
    summary: one.summary,
    size: Number(one.installsize),
    license: one.license,
    homepage: one.url,
    packager: one.packager,
    requires: linesOf(one.requires),
    needed_by: [...new Set(needing.map(({ name }) => name))].sort(),
    files: installed ? linesOf(installed.files) : [],
    installed_at: installed ? Number(installed.installtime) : null,
    available: available?.evr ?? null,
  };
}

/** A name with an architecture counts only where there is none that is written like that. */
function newestOf<T extends Row>(rows: readonly T[], wanted: string): T | undefined {
  const own = rows.filter(({ name }) => name === wanted);
  const found = own.length > 0 ? own : rows.filter(({ name, arch }) => `${name}.${arch}` === wanted);
  return found.toSorted((a, b) => compareRpmVersions(a.evr, b.evr)).at(-1);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
