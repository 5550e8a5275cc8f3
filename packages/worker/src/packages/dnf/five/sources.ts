import { lazily, PatchError } from '@linux-patch/contract';
import { z } from 'zod';
import type { PackageDoors } from '../../doors.ts';
import { parseJson, type SourceAnswer } from '../answers.ts';
import { cacheFolder, type DnfDoors } from '../doors.ts';
import { outputOf, type ReadDnf } from './program.ts';

const LIMIT_BYTES = 4 * 1024 * 1024;

/** `dnf5 repo info --json`; a repository that was never downloaded has -1 for a time. */
const Repositories = lazily(() =>
  z
    .array(
      z.object({
        id: z.string().min(1).max(512),
        name: z.string().max(4_096),
        base_url: z.array(z.string().max(4_096)).max(1_000),
        metalink: z.string().max(4_096).default(''),
        mirrorlist: z.string().max(4_096).default(''),
        timestamp: z.number(),
        max_timestamp: z.number().nullable().default(null),
      }),
    )
    .max(1_000),
);

/** @throws PatchError `PKG_MANAGER_ERROR` */
export async function readSources(
  doors: Pick<DnfDoors, 'files' | 'root' | 'cache'>,
  read: ReadDnf,
): Promise<SourceAnswer[]> {
  const result = await read(['-q', 'repo', 'info', '--enabled', '--json'], undefined);
  const known = parseSources(outputOf('repo info', result));
  const names = await doors.files.list(cacheFolder(doors), { missingOk: true });
  return Promise.all(
    known.map(async (one) => ({
      ...one,
      advisories: one.present && (await hasAdvisories(doors, foldersOf(one.id, names))),
    })),
  );
}

/** @throws PatchError `PKG_MANAGER_ERROR` for what is not understood: of a repository that is missing nobody asks for updates */
export function parseSources(text: string): Omit<SourceAnswer, 'advisories'>[] {
  const parsed = Repositories.safeParse(parseJson(text));
  if (!parsed.success)
    throw new PatchError('PKG_MANAGER_ERROR', 'dnf5 named repositories in a form that is not understood.');
  return parsed.data.map(({ id, name, base_url, metalink, mirrorlist, timestamp, max_timestamp }) => {
    const present = timestamp >= 0;
    return {
      id,
      name,
      url: base_url[0] ?? (metalink || mirrorlist),
      present,
      published: present ? max_timestamp : null,
      fetched: present ? timestamp : null,
    };
  });
}

/** Where dnf 5 keeps a repository; several of them when its address was changed. */
function foldersOf(id: string, names: readonly string[]): string[] {
  return names.filter(
    (name) => name.startsWith(`${id}-`) && /^[0-9a-f]{16}$/.test(name.slice(id.length + 1)),
  );
}

/** Whether the newest of these says which packages mend what. */
async function hasAdvisories(
  doors: Pick<DnfDoors, 'root' | 'cache'> & Pick<PackageDoors, 'files'>,
  folders: readonly string[],
): Promise<boolean> {
  const paths = folders.map((name) => `${cacheFolder(doors)}/${name}/repodata/repomd.xml`);
  const dated = await Promise.all(
    paths.map(async (path) => ({ path, at: (await doors.files.facts(path))?.modifiedMs ?? 0 })),
  );
  const newest = dated.sort((a, b) => a.at - b.at).at(-1);
  if (!newest) return false;
  const text = (await doors.files.readTextLimited(newest.path, LIMIT_BYTES)) ?? '';
  return /<data type="updateinfo(?:_zck)?">/.test(text);
}
