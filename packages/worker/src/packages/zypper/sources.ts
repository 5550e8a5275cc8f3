import type { PackageDoors } from '../doors.ts';
import { belowRoot } from '../doors.ts';
import { fetchedAt } from '../fetched-at.ts';
import type { Source } from '../package-facts.ts';
import { withoutPassword } from '../source-address.ts';
import { askZypper } from './ask.ts';
import { listedIn, type XmlElement } from './xml.ts';

const SECOND_MS = 1_000;
/** The index of a repository names some ten files. */
const INDEX_BYTES = 1024 * 1024;

/** An enabled repository. */
export interface Repository {
  readonly alias: string;
  readonly name: string;
  readonly url: string;
}

/** What this host has of a repository. */
interface Lists {
  readonly present: boolean;
  /** It says which of its packages mend what. */
  readonly advisories: boolean;
  readonly publishedAtMs: number | undefined;
  readonly fetchedAtMs: number | undefined;
  /** Paths of lists that the index names, by their type. */
  readonly paths: ReadonlyMap<string, string>;
}

/** How zypper ends that has none, not even one that is disabled (zypper(8), exit codes). */
const NO_REPOSITORIES = 6;

/** The enabled ones of `zypper repos`. */
export function readRepositories(answer: XmlElement): Repository[] {
  return listedIn(answer, 'repo-list', 'repo').flatMap((one) => {
    const alias = one.attributes.get('alias');
    if (alias === undefined || one.attributes.get('enabled') !== '1') return [];
    const url = one.children.find((each) => each.name === 'url')?.text.trim() ?? '';
    return [{ alias, name: one.attributes.get('name') ?? alias, url }];
  });
}

export async function listRepositories(doors: PackageDoors): Promise<Repository[]> {
  const { exitCode, answer } = await askZypper(doors, ['repos'], { accept: [NO_REPOSITORIES] });
  return exitCode === NO_REPOSITORIES ? [] : readRepositories(answer);
}

/** Where libzypp keeps what it downloaded. */
export function cacheFolder(doors: Pick<PackageDoors, 'root'>, part: 'raw' | 'solv'): string {
  return belowRoot(doors, `var/cache/zypp/${part}`);
}

/** A repository's own folder in the cache; libzypp writes `_` for `/` in an alias. */
function folderOf(doors: Pick<PackageDoors, 'root'>, part: 'raw' | 'solv', alias: string): string {
  return `${cacheFolder(doors, part)}/${alias.replaceAll('/', '_')}`;
}

/** Reads the index of an rpm-md repository; its types and places. */
export function readIndex(text: string): Pick<Lists, 'advisories' | 'publishedAtMs' | 'paths'> {
  const parts = [...text.matchAll(/<data type="([\w-]+)">([\s\S]*?)<\/data>/g)];
  const times = parts.map(([, , body = '']) => Number(/<timestamp>(\d+)/.exec(body)?.[1] ?? 0));
  const newest = Math.max(0, ...times);
  const paths = parts.flatMap(([, type = '', body = '']) => {
    const path = /<location href="(repodata\/[\w.-]+)"/.exec(body)?.[1];
    return path === undefined ? [] : [[type, path] as const];
  });
  return {
    advisories: parts.some(([, type]) => type === 'updateinfo'),
    publishedAtMs: newest > 0 ? newest * SECOND_MS : undefined,
    paths: new Map(paths),
  };
}

/** The index of a repository; libzypp touches it when it hears that it is still the newest. */
function indexOf(doors: Pick<PackageDoors, 'root'>, alias: string): string {
  return `${folderOf(doors, 'raw', alias)}/repodata/repomd.xml`;
}

/** What this host has of a repository; it is not known to zypper before its cache is built. */
export async function readLists(doors: PackageDoors, { alias }: Pick<Repository, 'alias'>): Promise<Lists> {
  const raw = folderOf(doors, 'raw', alias);
  const present = (await doors.files.facts(`${folderOf(doors, 'solv', alias)}/solv`)) !== undefined;
  const index = indexOf(doors, alias);
  const text = (await doors.files.readTextLimited(index, INDEX_BYTES)) ?? '';
  const { paths, ...rest } = readIndex(text);
  return {
    present,
    ...rest,
    fetchedAtMs: await fetchedAt(doors.files, index),
    paths: new Map([...paths].map(([type, path]) => [type, `${raw}/${path}`])),
  };
}

/** A repository as a source. It stands for a security archive when it says which of its packages mend what. */
export async function readSource(doors: PackageDoors, repository: Repository): Promise<Source> {
  const { alias, name, url } = repository;
  const { present, advisories, publishedAtMs, fetchedAtMs } = await readLists(doors, repository);
  return {
    id: name,
    uri: url === '' ? alias : withoutPassword(url),
    label: name,
    suite: alias,
    codename: undefined,
    origin: undefined,
    security: advisories,
    present,
    publishedAtMs,
    servedAtMs: undefined,
    fetchedAtMs,
    validUntilMs: undefined,
    lists: [alias],
  };
}
