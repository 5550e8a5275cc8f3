import { basename, dirname, join } from 'node:path';
import type { PackageDoors } from '../doors.ts';
import type { Source } from '../package-facts.ts';
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
  /** Where it is; it may be compressed there and have an ending more. */
  readonly file: string;
  readonly base: string;
  readonly description: string;
  /** The name of its Release file, without `InRelease` or `Release`. */
  readonly releasePrefix: string;
}

/** Without what apt would read from the package cache, which may have to be built first: we read the Release files. */
const WITHOUT_CACHE = ['-o', 'APT::Get::IndexTargets::ReleaseInfo=false'];
const FORMAT = '$(FILENAME)\t$(BASE_URI)\t$(METAKEY)\t$(DESCRIPTION)';

/** apt makes file names of addresses: `/` becomes `_`, and `_` itself `%5f`. */
function releasePrefixOf(file: string, metaKey: string): string {
  const parts = metaKey.split('/').length;
  return [...basename(file).split('_').slice(0, -parts), ''].join('_');
}

/** Reads `apt-get indextargets` in our format. */
export function parseTargets(text: string): ListTarget[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [file, base, metaKey, description] = line.split('\t');
      if (!file || !base || !metaKey || !description) throw notUnderstood('apt-get indextargets', line);
      return { file, base, description, releasePrefix: releasePrefixOf(file, metaKey) };
    });
}

async function readTargets(doors: PackageDoors): Promise<ListTarget[]> {
  const args = ['indextargets', ...WITHOUT_CACHE, '--format', FORMAT, 'Created-By: Packages'];
  return parseTargets(await ask(doors, 'apt-get indextargets', aptTool('apt-get', args)));
}

function isSecurity({ label, suite, codename }: ReleaseHead): boolean {
  return (
    /-security$/i.test(label ?? '') || [suite, codename].some((name) => /(^|[-/])security$/i.test(name ?? ''))
  );
}

/** Addresses in a text without user and password. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/\/\/[^/\s]*@/g, '//');
}

const RELEASE_HEAD_BYTES = 16 * 1024;

/** The folder of lists as it is now. */
interface ListFolder {
  readonly path: string;
  readonly names: readonly string[];
}

async function releaseHead(
  { files }: PackageDoors,
  folder: ListFolder,
  prefix: string,
): Promise<ReleaseHead | undefined> {
  for (const name of [`${prefix}InRelease`, `${prefix}Release`]) {
    if (!folder.names.includes(name)) continue;
    const text = await files.readTextLimited(join(folder.path, name), RELEASE_HEAD_BYTES);
    if (text !== undefined) return parseReleaseHead(text);
  }
  return undefined;
}

/** The file of a list, whichever way it is compressed. */
function fileOf({ file }: ListTarget, folder: ListFolder): string | undefined {
  const name = basename(file);
  const found = folder.names.find((one) => one === name || one.startsWith(`${name}.`));
  return found === undefined ? undefined : join(folder.path, found);
}

/**
 * Every suite that apt is configured with, those without lists included; none when no source is configured.
 * @throws PatchError when apt cannot say, for example because a source is malformed.
 */
export async function readSources(doors: PackageDoors): Promise<Source[]> {
  const targets = await readTargets(doors);
  const [first] = targets;
  if (!first) return [];
  const path = dirname(first.file);
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
  const prefix = targets[0]?.releasePrefix ?? '';
  const { dateMs, ...head } = (await releaseHead(doors, folder, prefix)) ?? parseReleaseHead('');
  const files = targets.flatMap((one) => fileOf(one, folder) ?? []);
  const own = files[0] === undefined ? undefined : await doors.files.factsBehind(files[0]);
  return {
    ...head,
    // Without a Release file, the time of its lists is what is known.
    publishedAtMs: dateMs ?? own?.modifiedMs,
    uri: withoutPassword(base),
    security: isSecurity({ dateMs, ...head }),
    present: files.length > 0 || dateMs !== undefined,
    lists: targets.map((one) => one.description),
  };
}
