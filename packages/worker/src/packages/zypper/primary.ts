import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { PackageFile } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { splitName } from '../rpm/names.ts';
import { listRepositories, readLists } from './sources.ts';
import { elementsOf, parseXml, type XmlElement } from './xml.ts';

/** What a repository says of a package in its list, which zypper's command line leaves out. */
export interface ListedPackage extends PackageFile {
  readonly summary: string;
  readonly homepage: string;
  readonly license: string;
  readonly packager: string;
  readonly requires: readonly string[];
  readonly downloadBytes: number | undefined;
  readonly installedBytes: number | undefined;
}

const [BEGIN, END] = ['<package type="rpm">', '</package>'] as const;
/** The list of a large distribution has some 20 MB, of which an entry is the smallest part. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_ENTRY_CHARACTERS = 4 * 1024 * 1024;

/** What unpacks a list; undefined for what Node has nothing for. */
function unpacker(path: string): NodeJS.ReadWriteStream | undefined {
  if (path.endsWith('.gz')) return createGunzip();
  return path.endsWith('.zst') ? createZstdDecompress() : undefined;
}

/** The entries of packages with these names, without keeping any other in memory. */
export async function* findEntries(
  pieces: AsyncIterable<string> | Iterable<string>,
  names: ReadonlySet<string>,
): AsyncGenerator<ListedPackage> {
  let rest = '';
  for await (const piece of pieces) {
    rest += piece;
    for (let end = rest.indexOf(END); end >= 0; end = rest.indexOf(END)) {
      const begin = rest.indexOf(BEGIN);
      const entry = begin >= 0 && begin < end ? rest.slice(begin, end + END.length) : '';
      rest = rest.slice(end + END.length);
      const [, name = ''] = /<name>([^<]*)<\/name>/.exec(entry) ?? [];
      if (names.has(name)) yield readEntry(parseXml(entry));
    }
    if (rest.length > MOST_ENTRY_CHARACTERS) return;
  }
}

function readEntry(entry: XmlElement): ListedPackage {
  const text = (name: string): string => elementsOf(entry, name)[0]?.text.trim() ?? '';
  const size = (name: string): number | undefined => {
    const value = elementsOf(entry, 'size')[0]?.attributes.get(name) ?? '';
    return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  };
  return {
    name: text('name'),
    architecture: text('arch'),
    version: versionOf(elementsOf(entry, 'version')[0]),
    summary: text('summary'),
    homepage: text('url'),
    license: text('rpm:license'),
    packager: text('packager'),
    requires: elementsOf(entry, 'rpm:requires')
      .flatMap((one) => elementsOf(one, 'rpm:entry'))
      .map(requirementOf),
    downloadBytes: size('package'),
    installedBytes: size('installed'),
  };
}

function versionOf(element: XmlElement | undefined): string {
  const part = (name: string): string => element?.attributes.get(name) ?? '';
  const [epoch, release] = [part('epoch'), part('rel')];
  return `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${part('ver')}${release === '' ? '' : `-${release}`}`;
}

const SIGNS: Readonly<Record<string, string>> = { EQ: '=', LT: '<', LE: '<=', GT: '>', GE: '>=' };

function requirementOf(entry: XmlElement): string {
  const name = entry.attributes.get('name') ?? '';
  const sign = SIGNS[entry.attributes.get('flags') ?? ''];
  return sign === undefined ? name : `${name} ${sign} ${versionOf(entry)}`;
}

async function readList(
  doors: PackageDoors,
  path: string,
  names: ReadonlySet<string>,
): Promise<ListedPackage[]> {
  const unpack = unpacker(path);
  const facts = unpack && (await doors.files.facts(path));
  const bytes = facts && facts.sizeBytes <= MOST_BYTES ? await doors.files.readBytes(path) : undefined;
  if (!unpack || !bytes) return [];
  const found: ListedPackage[] = [];
  const stream = Readable.from([bytes]).pipe(unpack).setEncoding('utf8');
  for await (const one of findEntries(stream as AsyncIterable<string>, names)) found.push(one);
  return found;
}

/**
 * What the lists of the enabled repositories say of these packages. A list that cannot be read, or is packed in a way that
 * Node does not know, says nothing.
 */
export async function readListed(doors: PackageDoors, names: readonly string[]): Promise<ListedPackage[]> {
  const wanted = new Set(names.flatMap((name) => [name, splitName(name).name]));
  const found: ListedPackage[] = [];
  for (const repository of await listRepositories(doors)) {
    const path = (await readLists(doors, repository)).paths.get('primary');
    if (path !== undefined) found.push(...(await readList(doors, path, wanted).catch(() => [])));
  }
  return found;
}
