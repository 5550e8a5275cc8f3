import { join } from 'node:path';
import type { Files } from './files.ts';

/** What os-release(5) says about the system. */
export interface OsRelease {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly prettyName: string | undefined;
  readonly version: string | undefined;
  readonly versionId: string | undefined;
  readonly codename: string | undefined;
  readonly idLike: string | undefined;
}

const PLACES = ['etc/os-release', 'usr/lib/os-release'];
const LIMIT_BYTES = 64 * 1024;

/**
 * What the system under `root` says of itself: the file in /etc comes before the one in /usr/lib. A private root may have
 * neither; then it is that of the host.
 */
export async function readOsRelease(files: Pick<Files, 'readTextLimited'>, root: string): Promise<OsRelease> {
  for (const path of [root, '/'].flatMap((under) => PLACES.map((one) => join(under, one)))) {
    const text = await files.readTextLimited(path, LIMIT_BYTES);
    if (text !== undefined) return parseOsRelease(text);
  }
  return parseOsRelease('');
}

/** Reads the text of an os-release file; lines it does not understand are skipped, as os-release(5) asks. */
function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1], unquote(match[2]));
  }
  const value = (key: string): string | undefined => values.get(key) || undefined;
  return {
    id: value('ID'),
    name: value('NAME'),
    prettyName: value('PRETTY_NAME'),
    version: value('VERSION'),
    versionId: value('VERSION_ID'),
    codename: value('VERSION_CODENAME'),
    idLike: value('ID_LIKE'),
  };
}

/** Shell quoting as os-release(5) allows it: single quotes, or double quotes with backslash escapes. */
function unquote(value: string): string {
  const single = /^'(.*)'$/.exec(value)?.[1];
  if (single !== undefined) return single;
  const inner = /^"(.*)"$/.exec(value)?.[1] ?? value;
  return inner.replaceAll(/\\(["$`\\])/g, '$1');
}
