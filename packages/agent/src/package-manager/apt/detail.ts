import { type Package, PackageDetail } from '@linux-patch/contract';
import { type AptContext, aptPath, READ_TIMEOUT_MS } from './apt-context.ts';
import { aptFailure } from './failure.ts';

const KIB = 1024;

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

async function show(
  context: AptContext,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const result = await context.commands.run({
    program: 'apt-cache',
    args: ['show', '--no-all-versions', '--', name],
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (result.exitCode === 0 && result.stdout.trim() !== '') return parseStanza(result.stdout);
  if (/no packages found|unable to locate|can't select/i.test(result.stderr) || result.stdout.trim() === '')
    return undefined;
  throw aptFailure(`apt-cache show ${name}`, result);
}

async function reverseDependencies(context: AptContext, name: string): Promise<string[]> {
  const result = await context.commands.run({
    program: 'apt-cache',
    args: ['rdepends', '--installed', '--', name],
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (result.exitCode !== 0) return [];
  const lines = result.stdout.split('\n').filter((line) => /^\s/.test(line));
  return [...new Set(lines.map((line) => line.replace(/[|\s]/g, '')).filter(Boolean))].sort();
}

async function filesOf(context: AptContext, name: string): Promise<string[]> {
  const result = await context.commands.run({
    program: 'dpkg-query',
    args: ['-L', '--', name],
    timeoutMs: READ_TIMEOUT_MS,
  });
  return result.exitCode === 0
    ? result.stdout.split('\n').filter((line) => line.startsWith('/') && line !== '/.')
    : [];
}

/** The licence names of a machine-readable copyright file (DEP-5); null when it is prose. */
async function licenseOf(context: AptContext, name: string): Promise<string | null> {
  const text = await context.files
    .readText(aptPath(context, `usr/share/doc/${name}/copyright`))
    .catch(() => undefined);
  if (!text?.startsWith('Format:')) return null;
  const names = [...text.matchAll(/^License:\s*(\S.*)$/gm)].map(([, license]) => license?.trim() ?? '');
  return [...new Set(names)].join(', ') || null;
}

async function installedAt(context: AptContext, name: string): Promise<string | null> {
  for (const file of [`${name}.list`, `${name}:amd64.list`, `${name}:arm64.list`]) {
    const facts = await context.files.facts(aptPath(context, `var/lib/dpkg/info/${file}`));
    if (facts) return new Date(facts.modifiedMs).toISOString();
  }
  return null;
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
    security: false,
    cve_ids: [],
  };
}

/** What only an installed package has. */
async function installedFacts(context: AptContext, name: string) {
  return {
    license: await licenseOf(context, name),
    files: await filesOf(context, name),
    installed_at: await installedAt(context, name),
  };
}

/** Everything about one package, or undefined when neither dpkg nor the lists know it. */
export async function readDetail(
  context: AptContext,
  name: string,
  listed: Package | undefined,
): Promise<PackageDetail | undefined> {
  const fields = await show(context, name);
  if (!fields && !listed) return undefined;
  const [plain = name] = name.split(':');
  const own = listed
    ? await installedFacts(context, plain)
    : { license: null, files: [], installed_at: null };
  return PackageDetail.parse({
    ...(listed ?? availablePackage(plain, fields ?? {})),
    ...own,
    dependencies: parseDepends(fields?.depends),
    reverse_dependencies: await reverseDependencies(context, name),
    maintainer: fields?.maintainer ?? null,
    homepage: fields?.homepage ?? null,
    available_version: fields?.version ?? null,
  });
}
