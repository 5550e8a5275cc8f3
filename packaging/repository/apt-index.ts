import { createHash } from 'node:crypto';

/** A file of a repository, as its index names it. */
export interface IndexedFile {
  readonly name: string;
  readonly data: Uint8Array;
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * One entry of `Packages`.
 * @param control fields of the package, as `dpkg-deb -f` prints them
 * @param folder of the package, seen from the base of the repository
 */
export function packagesEntry(control: string, folder: string, file: IndexedFile): string {
  return [
    control.trimEnd(),
    `Filename: ${folder}/${file.name}`,
    `Size: ${file.data.length}`,
    `SHA256: ${sha256(file.data)}`,
    '',
  ].join('\n');
}

/**
 * `Release` of a flat repository of one architecture (wiki.debian.org/DebianRepository/Format). Its origin is what hosts pin
 * packages by.
 */
export function releaseText(
  architecture: string,
  { publishedMs, indexes }: { readonly publishedMs: number; readonly indexes: readonly IndexedFile[] },
): string {
  return [
    'Origin: Linux Patch',
    'Label: Linux Patch',
    'Suite: stable',
    `Architectures: ${architecture}`,
    `Date: ${new Date(publishedMs).toUTCString().replace('GMT', 'UTC')}`,
    'Description: Agent and manager of Linux Patch',
    'SHA256:',
    ...indexes.map(({ name, data }) => ` ${sha256(data)} ${data.length} ${name}`),
    '',
  ].join('\n');
}
