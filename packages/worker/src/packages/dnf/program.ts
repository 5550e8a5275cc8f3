import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';

/** What administrators type; of Fedora 41 and newer a link to dnf 5. */
export const DNF = '/usr/bin/dnf';
export const DNF5 = '/usr/bin/dnf5';
/** Where dnf 4 keeps what it downloaded, below its root. */
export const CACHE = 'var/cache/dnf';

/** Enough for the first line of a script. */
const FIRST_LINE_BYTES = 256;

/** The interpreter in the first line of a script; undefined for a program that is none, as dnf 5 is. */
export function interpreterOf(firstLine: string): string | undefined {
  return /^#! ?(\/\S+)(?:[ \t]|\n|$)/.exec(firstLine)?.[1];
}

/**
 * Which dnf this host is kept with: what `dnf` is there, though another may be installed beside it.
 * @throws PatchError `SERVICE_UNHEALTHY` for a program that is neither dnf 4 nor dnf 5
 */
export async function findProgram({
  files,
}: {
  readonly files: Pick<PackageDoors['files'], 'readTextLimited' | 'factsBehind'>;
}): Promise<{ readonly generation: 4; readonly python: string } | { readonly generation: 5 }> {
  const python = interpreterOf((await files.readTextLimited(DNF, FIRST_LINE_BYTES)) ?? '');
  if (python !== undefined) return { generation: 4, python };
  if (await files.factsBehind(DNF5)) return { generation: 5 };
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `${DNF} of this host is neither dnf 4, which is written in Python, nor dnf 5, which is ${DNF5}; this release drives no other, so nothing is listed or changed.`,
  );
}
