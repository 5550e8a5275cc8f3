import type { Database } from '../database/open.ts';
import { type NamedVersion, readVersions } from './package-versions.ts';
import type { SetAnswer } from './set-index/messages.ts';
import type { SetIndex } from './set-index/set-index.ts';

/** What answers questions about the packages of the whole fleet. */
export interface FleetRecords {
  readonly reads: Database;
  readonly sets: Pick<SetIndex, 'ask'>;
}

/** Which part of an answer. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** A package, and the version that its versions are compared with. */
interface PackageAsked {
  readonly name: string;
  readonly than: string | undefined;
}

/** How often a question is repeated because a host named a new version of the package meanwhile. */
const MAX_TRIES = 5;

/**
 * Asks about the versions of a package. They are read once more after the answer: the dictionary only grows, and knows every version
 * of a set before the set is known, so that no host is judged by a version that nobody asked about.
 */
export async function askAbout<T>(
  { reads }: FleetRecords,
  { name, than }: PackageAsked,
  ask: (versions: readonly NamedVersion[]) => Promise<SetAnswer<T>>,
  signal: AbortSignal | undefined,
): Promise<SetAnswer<T> & { readonly versions: readonly NamedVersion[] }> {
  let versions = await readVersions(reads, name, than, signal);
  for (let tries = 1; ; tries += 1) {
    const answer = await ask(versions);
    const now = await readVersions(reads, name, than, signal);
    if (now.length === versions.length || tries === MAX_TRIES) return { ...answer, versions };
    versions = now;
  }
}
