import { type Package, PackageDetail } from '@linux-patch/contract';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { aptFailure, ask } from './failure.ts';
import { readInstalledAtMs } from './installed.ts';
import { aptTool } from './neutral-options.ts';

const KIB = 1024;
const COPYRIGHT_LIMIT_BYTES = 1024 * 1024;

/** Fields of the first stanza of `apt-cache show` (deb822(5)); continuation lines are joined. */
export function parseStanza(text: string): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  let name = '';
  for (const line of (text.split(/\n\n/)[0] ?? '').split('\n')) {
    const [, key, value] = /^([A-Za-z0-9-]+):\s?(.*)$/.exec(line) ?? [];
    if (key !== undefined) {
      name = key.toLowerCase();
      fields[name] = value ?? '';
    } else if (name !== '' && /^\s/.test(line)) {
      fields[name] = `${fields[name]}\n${line.trim() === '.' ? '' : line.trim()}`;
    }
  }
  return fields;
}

/** Names in a relationship field, alternatives kept together. */
export function parseDepends(field: string | undefined): string[] {
  return (field ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
}

/** Settings of apt.conf that change what `show` and `rdepends` print (apt-cache(8)). */
const PLAIN_OUTPUT = [
  'Show::Version=1',
  'ShowDependencyType=false',
  'ShowVersion=false',
  'ShowVirtuals=false',
  'ShowOnlyFirstOr=false',
  'RecurseDepends=false',
].flatMap((setting) => ['-o', `APT::Cache::${setting}`]);

function aptCache(args: readonly string[]) {
  return aptTool('apt-cache', [...PLAIN_OUTPUT, ...args]);
}

/** How apt says that it has never heard of a package, or that the name is only provided by others. */
const UNKNOWN = /no packages found|unable to locate|can't select/i;

async function show(
  doors: PackageDoors,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const result = await query(doors, aptCache(['show', '--no-all-versions', '--', name]));
  if (result.exitCode === 0 && result.stdout.trim() !== '') return parseStanza(result.stdout);
  // Of a name that others only depend on apt says nothing at all, and ends well.
  if (result.exitCode === 0 || UNKNOWN.test(result.stderr)) return undefined;
  throw aptFailure(`apt-cache show ${name}`, result);
}

async function reverseDependencies(doors: PackageDoors, name: string): Promise<string[]> {
  // Those that need it; what it breaks and what only suggests it is none of them.
  const tool = aptCache(['rdepends', '--installed', '--important', '--', name]);
  const result = await query(doors, tool);
  if (result.exitCode !== 0 && UNKNOWN.test(result.stderr)) return [];
  if (result.exitCode !== 0) throw aptFailure(`apt-cache rdepends ${name}`, result);
  const lines = result.stdout.split('\n').filter((line) => /^\s/.test(line));
  return [...new Set(lines.map((line) => line.replace(/[|\s]/g, '')).filter(Boolean))].sort();
}

async function filesOf(doors: PackageDoors, { name, architecture }: Package): Promise<string[]> {
  // The architecture tells apart two packages of one name (dpkg(1), multi-arch).
  const args = ['-L', '--', `${name}:${architecture}`];
  const listed = await ask(doors, `dpkg-query -L ${name}`, { program: 'dpkg-query', args });
  return listed.split('\n').filter((line) => line.startsWith('/') && line !== '/.');
}

/** The licence names of a machine-readable copyright file (DEP-5); null when it is prose. */
async function licenseOf(doors: PackageDoors, name: string): Promise<string | null> {
  const path = belowRoot(doors, `usr/share/doc/${name}/copyright`);
  const text = await doors.files.readTextLimited(path, COPYRIGHT_LIMIT_BYTES);
  if (!text?.startsWith('Format:')) return null;
  const names = [...text.matchAll(/^License:\s*(\S.*)$/gm)].map(([, license]) => license?.trim() ?? '');
  return [...new Set(names)].join(', ') || null;
}

/** `Source: foo (1.2-3)`; absent where package and source have the same name and version (deb-control(5)). */
function sourceOf(fields: Readonly<Record<string, string>>, name: string) {
  const [, source, version] = /^(\S+)(?: \((\S+)\))?$/.exec(fields.source ?? name) ?? [];
  return { source_name: source ?? null, source_version: version ?? fields.version ?? null };
}

/** A package that is only available, as a listing would show it. */
function availablePackage(name: string, fields: Readonly<Record<string, string>>): Package {
  const description = fields.description ?? fields['description-en'] ?? '';
  const size = fields['installed-size'];
  return {
    name,
    version: fields.version ?? '',
    architecture: fields.architecture ?? '',
    status: 'available',
    upgradable: false,
    latest_version: fields.version ?? null,
    description: description.split('\n')[0] ?? '',
    size_bytes: size === undefined ? null : Number(size) * KIB,
    held: false,
    origin: null,
    ...sourceOf(fields, name),
    security: false,
    security_known: false,
    cve_ids: [],
  };
}

/** What only an installed package has. */
async function installedFacts(doors: PackageDoors, own: Package) {
  const installedAtMs = await readInstalledAtMs(doors, own);
  return {
    license: await licenseOf(doors, own.name),
    files: await filesOf(doors, own),
    installed_at: installedAtMs === undefined ? null : new Date(installedAtMs).toISOString(),
  };
}

/** Everything about one package, or undefined when neither dpkg nor the lists know it. */
export async function readDetail(
  doors: PackageDoors,
  name: string,
  listed: Package | undefined,
): Promise<PackageDetail | undefined> {
  const fields = await show(doors, name);
  if (!fields && !listed) return undefined;
  const [plain = name] = name.split(':');
  const own = listed ? await installedFacts(doors, listed) : { license: null, files: [], installed_at: null };
  return PackageDetail.parse({
    ...(listed ?? availablePackage(plain, fields ?? {})),
    ...own,
    dependencies: [...parseDepends(fields?.['pre-depends']), ...parseDepends(fields?.depends)],
    reverse_dependencies: await reverseDependencies(doors, name),
    maintainer: fields?.maintainer ?? null,
    homepage: fields?.homepage ?? null,
    available_version: fields?.version ?? null,
  });
}
