import { machine, release } from 'node:os';
import { join } from 'node:path';
import type { OsDetails } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import type { Host } from './host.ts';

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

/**
 * What the system under `root` says of itself: the file in /etc comes before the one in /usr/lib. A private root may have
 * neither; then it is that of the host.
 */
export async function readOsRelease(files: Files, root: string): Promise<OsRelease> {
  const paths = ['etc/os-release', 'usr/lib/os-release'];
  for (const path of [...paths.map((one) => join(root, one)), ...paths.map((one) => join('/', one))]) {
    const text = await files.readText(path);
    if (text !== undefined) return parseOsRelease(text);
  }
  return parseOsRelease('');
}

/** Reads the text of an os-release file; lines it does not understand are skipped, as os-release(5) asks. */
export function parseOsRelease(text: string): OsRelease {
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

/** The kernel that runs, as uname(2) tells. */
export interface Kernel {
  /** Its release, as `uname -r` prints it. */
  readonly kernel: string;
  /** Hardware name, as `uname -m` prints it. */
  readonly architecture: string;
}

export function readKernel(): Kernel {
  return { kernel: release(), architecture: machine() };
}

/** Facts about the system under every name that some generation of managers reads. */
export async function collectOsDetails({ files, root }: Pick<Host, 'files' | 'root'>): Promise<OsDetails> {
  // A file that cannot be read must not keep a host from joining.
  const none: Partial<OsRelease> = {};
  const {
    id,
    name,
    idLike,
    codename,
    versionId: version = 'unknown',
  } = await readOsRelease(files, root).catch(() => none);
  return {
    os: 'linux',
    name: id ?? 'unknown',
    distro: name ?? 'unknown',
    version,
    version_id: version,
    os_version: version,
    ...(idLike === undefined ? {} : { id_like: idLike }),
    ...(codename === undefined ? {} : { codename }),
    ...readKernel(),
  };
}
