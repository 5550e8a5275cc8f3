import { PatchError } from '@linux-patch/contract';
import { outputOf, type ReadDnf } from './program.ts';

/** Bytes that stand in no field of a package. */
const [FIELD, PACKAGE] = ['\x1f', '\x1e'];
/** Nothing that an administrator holds or leaves out is missing from an answer. */
export const UNFILTERED = '--setopt=disable_excludes=*';

interface Query<K extends string> {
  /** Tags of dnf5-repoquery(8). Never `files` of what is only available: repositories whose file lists are not here are then left out, without a word. */
  readonly tags: readonly K[];
  readonly options: readonly string[];
  /** Packages, by name, name and architecture, or all that tells one from another; none stands for every package. */
  readonly names?: readonly string[];
  readonly filtered?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packages that fit a query, with these of their fields.
 * @throws PatchError `PKG_MANAGER_ERROR` for an answer that is not understood: fewer packages than there are is worse than none
 */
export async function repoquery<K extends string>(
  read: ReadDnf,
  { tags, options, names = [], filtered = false, signal }: Query<K>,
): Promise<Record<K, string>[]> {
  const format = `${tags.map((tag) => `%{${tag}}`).join(FIELD)}${PACKAGE}`;
  // Repositories choose names, and none may become an option of a program that runs as root.
  const wrong = names.find((name) => !/^[\w+]/.test(name));
  if (wrong !== undefined)
    throw new PatchError('PKG_MANAGER_ERROR', `"${wrong.slice(0, 120)}" is no name of a package.`);
  const unfiltered = filtered ? [] : [UNFILTERED];
  const args = [...unfiltered, 'repoquery', `--queryformat=${format}`, ...options, ...names];
  const result = await read(['-q', ...args], signal);
  return parsePackages(tags, outputOf('repoquery', result));
}

/** Reads what `repoquery` asks for. */
export function parsePackages<K extends string>(tags: readonly K[], text: string): Record<K, string>[] {
  const parts = text.split(PACKAGE);
  const rest = parts.pop();
  const rows = parts.map((part) => part.split(FIELD));
  const wrong = rows.find((row) => row.length !== tags.length);
  if (wrong || rest?.trim() !== '')
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `dnf5 printed a package that is not understood: "${(wrong?.join(' ') ?? rest ?? '').slice(0, 120)}"`,
    );
  return rows.map(
    (row) => Object.fromEntries(tags.map((tag, at) => [tag, row[at] ?? ''])) as Record<K, string>,
  );
}
