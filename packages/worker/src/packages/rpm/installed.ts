import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import type { Installed } from '../package-facts.ts';
import { query } from '../query.ts';
import { rpmArguments } from './database.ts';
import { qualifiedName } from './names.ts';
import { compareRpmVersions } from './versions.ts';

const TAGS = [
  'NAME',
  'EPOCHNUM',
  'VERSION',
  'RELEASE',
  'ARCH',
  'SIZE',
  'INSTALLTIME',
  'SOURCERPM',
  'SUMMARY',
];
const FORMAT = `${TAGS.map((tag) => `%{${tag}}`).join('\\t')}\\n`;
/** Keys that packages are signed with stand in the database as packages. */
const KEY = 'gpg-pubkey';
/** Several versions of these are meant to be there at once (dnf.conf(5), installonlypkgs; zypp.conf, multiversion). */
const SIDE_BY_SIDE = /^(kernel|installonlypkg|kmod)(-|$)/;
const SECOND_MS = 1_000;

/** An installed package, and when it came. */
export interface RpmInstalled extends Installed {
  readonly installedAtMs: number;
}

/**
 * Reads `rpm -qa` of rpm 4.14 to 6.1, the older of two versions first. A package that is there twice and not meant to be
 * was left so by a transaction that was cut off.
 * @throws PatchError `PKG_MANAGER_ERROR` on a line that is not understood: fewer packages than there are is worse than none
 */
export function parseInstalled(
  text: string,
  isLocked: (one: Pick<Installed, 'name' | 'architecture'>) => boolean,
): RpmInstalled[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(`${KEY}\t`));
  const found = lines.map((line) => parseLine(line, isLocked)).sort(byNameAndVersion);
  const places = Map.groupBy(found, qualifiedName);
  return found.map((one) => {
    const again = (places.get(qualifiedName(one))?.length ?? 0) > 1 && !SIDE_BY_SIDE.test(one.name);
    return again ? { ...one, broken: true } : one;
  });
}

function byNameAndVersion(a: Installed, b: Installed): number {
  const [one, other] = [qualifiedName(a), qualifiedName(b)];
  if (one !== other) return one < other ? -1 : 1;
  return compareRpmVersions(a.version, b.version);
}

function parseLine(
  line: string,
  isLocked: (one: Pick<Installed, 'name' | 'architecture'>) => boolean,
): RpmInstalled {
  const [name, epoch, version, release, architecture, size, time, from = '', ...summary] = line.split('\t');
  const fine = [epoch, size, time].every((one) => /^\d+$/.test(one ?? ''));
  if (!name || !version || !release || !architecture || summary.length === 0 || !fine)
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `rpm printed a line that is not understood: "${line.slice(0, 120)}"`,
    );
  const own = { name, architecture };
  return {
    ...own,
    version: `${epoch === '0' ? '' : `${epoch}:`}${version}-${release}`,
    description: summary.join('\t'),
    sizeBytes: Number(size),
    source: parseSource(from),
    held: isLocked(own),
    broken: false,
    installedAtMs: Number(time) * SECOND_MS,
  };
}

/** `openssl-3.0.7-24.el9.src.rpm`; `(none)` for what was built from none. */
function parseSource(file: string): Installed['source'] {
  const [, name, version] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(file) ?? [];
  return name === undefined || version === undefined ? null : { name, version };
}

/**
 * Everything that is installed.
 * @param isLocked says of a package whether something keeps it at its version
 * @throws PatchError `PKG_MANAGER_ERROR`
 */
export async function readRpmInstalled(
  doors: PackageDoors,
  isLocked: (one: Pick<Installed, 'name' | 'architecture'>) => boolean,
): Promise<RpmInstalled[]> {
  const args = [...rpmArguments(doors.root), '-qa', '--qf', FORMAT];
  const { exitCode, stderr, stdout } = await query(doors, { program: 'rpm', args });
  if (exitCode === 0) return parseInstalled(stdout, isLocked);
  throw new PatchError('PKG_MANAGER_ERROR', `rpm -qa failed (exit ${exitCode}): ${stderr.trim()}`);
}
