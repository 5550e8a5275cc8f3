import { basename, join } from 'node:path';
import type { PackageDoors } from '../doors.ts';
import { fetchedAt } from '../fetched-at.ts';
import type { Source } from '../package-facts.ts';
import { withoutPassword } from '../source-address.ts';
import { ask, notUnderstood } from './failure.ts';
import { aptTool } from './neutral-options.ts';

/** What a Release file says about itself before its digests (wiki.debian.org/DebianRepository/Format). */
interface ReleaseHead {
  readonly label: string | undefined;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  readonly origin: string | undefined;
  /** When it was signed, epoch milliseconds. */
  readonly dateMs: number | undefined;
  /** When its owner wants it to count no more. */
  readonly validUntilMs: number | undefined;
}

/** Nobody needs a longer one; whoever owns a repository may write what they like into it. */
const FIELD_LIMIT = 256;

/** Reads the beginning of a Release file; what is not there, or not a date, is undefined. */
export function parseReleaseHead(text: string): ReleaseHead {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*(\\S.*?)\\s*$`, 'm').exec(text)?.[1]?.slice(0, FIELD_LIMIT);
  const instant = (name: string): number | undefined => {
    const ms = Date.parse(field(name) ?? '');
    return Number.isNaN(ms) ? undefined : ms;
  };
  return {
    label: field('Label'),
    suite: field('Suite'),
    codename: field('Codename'),
    origin: field('Origin'),
    dateMs: instant('Date'),
    validUntilMs: instant('Valid-Until'),
  };
}

/** One `Packages` list that apt is configured with, downloaded or not. */
interface ListTarget {
  /** Its name in the folder of lists; it may be compressed there and have an ending more. */
  readonly file: string;
  readonly base: string;
  /** As `apt-get update` names its source: `http://deb.example/debian bookworm`. */
  readonly source: string;
  readonly description: string;
  /** The name of its Release file, without `InRelease` or `Release`. */
  readonly releasePrefix: string;
}

/**
 * What is asked is in the configuration; apt reads lists and builds its package cache for it all the same, which takes seconds
 * where no cache is kept (`Dir::Cache::pkgcache ""`). So it finds no list, must not keep the cache that it makes of none, and
 * reads no Release file: we do.
 */
const WITHOUT_LISTS = [
  'Dir::State::lists=/',
  'Dir::Cache::pkgcache=',
  'Dir::Cache::srcpkgcache=',
  'APT::Get::IndexTargets::ReleaseInfo=false',
].flatMap((setting) => ['-o', setting]);
const FORMAT = '$(FILENAME)\t$(BASE_URI)\t$(METAKEY)\t$(REPO_URI)\t$(RELEASE)\t$(DESCRIPTION)';

/** apt makes file names of addresses: `/` becomes `_`, and `_` itself `%5f`. */
function releasePrefixOf(file: string, metaKey: string): string {
  const parts = metaKey.split('/').length;
  return [...file.split('_').slice(0, -parts), ''].join('_');
}

/** Reads `apt-get indextargets` in our format. */
export function parseTargets(text: string): ListTarget[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [path, base, metaKey, repository, suite, description] = line.split('\t');
      if (!path || !base || !metaKey || !repository || !suite || !description)
        throw notUnderstood('apt-get indextargets', line);
      const source = `${repository.replace(/\/$/, '')} ${suite}`;
      const file = basename(path);
      return { file, base, source, description, releasePrefix: releasePrefixOf(file, metaKey) };
    });
}

async function readTargets(doors: PackageDoors): Promise<ListTarget[]> {
  const args = ['indextargets', ...WITHOUT_LISTS, '--format', FORMAT, 'Created-By: Packages'];
  return parseTargets(await ask(doors, 'apt-get indextargets', aptTool('apt-get', args)));
}

function isSecurity({ label, suite, codename }: ReleaseHead): boolean {
  return (
    /-security$/i.test(label ?? '') || [suite, codename].some((name) => /(^|[-/])security$/i.test(name ?? ''))
  );
}

const RELEASE_HEAD_BYTES = 16 * 1024;

/** The folder of lists as it is now. */
interface ListFolder {
  readonly path: string;
  readonly names: readonly string[];
}

interface ReleaseFile {
  readonly path: string;
  readonly head: ReleaseHead;
}

async function findRelease(
  { files }: PackageDoors,
  folder: ListFolder,
  prefix: string,
): Promise<ReleaseFile | undefined> {
  for (const name of [`${prefix}InRelease`, `${prefix}Release`]) {
    if (!folder.names.includes(name)) continue;
    const path = join(folder.path, name);
    const text = await files.readTextLimited(path, RELEASE_HEAD_BYTES);
    if (text !== undefined) return { path, head: parseReleaseHead(text) };
  }
  return undefined;
}

/** The file of a list, whichever way it is compressed. */
function fileOf({ file }: ListTarget, folder: ListFolder): string | undefined {
  const found = folder.names.find((one) => one === file || one.startsWith(`${file}.`));
  return found === undefined ? undefined : join(folder.path, found);
}

/**
 * Every suite that apt is configured with, those without lists included; none when no source is configured.
 * @param path of the folder of lists
 * @throws PatchError when apt cannot say, for example because a source is malformed.
 */
export async function readSources(doors: PackageDoors, path: string): Promise<Source[]> {
  const targets = await readTargets(doors);
  const folder = { path, names: await doors.files.list(path, { missingOk: true }) };
  const suites = Map.groupBy(targets, (one) => one.base);
  return Promise.all([...suites].map(([base, own]) => sourceOf(doors, folder, base, own)));
}

async function sourceOf(
  doors: PackageDoors,
  folder: ListFolder,
  base: string,
  targets: readonly ListTarget[],
): Promise<Source> {
  const { source = base, releasePrefix = '' } = targets[0] ?? {};
  const release = await findRelease(doors, folder, releasePrefix);
  const { dateMs, ...head } = release?.head ?? parseReleaseHead('');
  const lists = targets.flatMap((one) => fileOf(one, folder) ?? []);
  return {
    ...head,
    id: withoutPassword(source),
    publishedAtMs: dateMs,
    servedAtMs: release || !lists[0] ? undefined : (await doors.files.factsBehind(lists[0]))?.modifiedMs,
    fetchedAtMs: await oldestOf(doors, release ? [release.path] : lists),
    uri: withoutPassword(base),
    security: isSecurity({ dateMs, ...head }),
    present: lists.length > 0 || dateMs !== undefined,
    lists: targets.map((one) => one.description),
  };
}

/** apt takes a Release file over together with all that it lists; without one, each list comes by itself. */
async function oldestOf({ files }: PackageDoors, paths: readonly string[]): Promise<number | undefined> {
  const times = await Promise.all(paths.map((path) => fetchedAt(files, path)));
  return times.length > 0 && times.every((one) => one !== undefined) ? Math.min(...times) : undefined;
}
