import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, runProgram } from '../process.ts';

/** A toy package, built with the real rpmbuild. */
export interface RpmToy {
  readonly name: string;
  /** Perhaps with an epoch before it, `1:1.0`. */
  readonly version: string;
  /** Tags of the spec file, such as `Requires: toylib`. */
  readonly tags?: readonly string[];
  /** Files with their content, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of these, those that an administrator may edit. */
  readonly configFiles?: readonly string[];
  /** Run after the installation: Lua, because a private root has no shell. */
  readonly postLua?: string;
  /** The same before it. */
  readonly preLua?: string;
}

function scriptlet(name: string, lua: string | undefined): string[] {
  return lua === undefined ? [] : [`%${name} -p <lua>`, lua];
}

function specOf(toy: RpmToy): string {
  const [epoch, version = toy.version] = toy.version.includes(':') ? toy.version.split(':') : [undefined];
  const files = Object.entries({ [`/usr/share/${toy.name}/version`]: `${toy.version}\n`, ...toy.files });
  return [
    `Name: ${toy.name}`,
    ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
    `Version: ${version}`,
    'Release: 1',
    `Summary: Toy package ${toy.name}`,
    'License: MIT',
    `URL: https://example.test/${toy.name}`,
    'BuildArch: noarch',
    'AutoReqProv: no',
    ...(toy.tags ?? []),
    '%description',
    'A toy.',
    '%install',
    ...files.flatMap(([path, text]) => [
      `mkdir -p "$(dirname "%{buildroot}${path}")"`,
      `printf %s '${text.replaceAll('%', '%%')}' > "%{buildroot}${path}"`,
    ]),
    ...scriptlet('pre', toy.preLua),
    ...scriptlet('post', toy.postLua),
    '%files',
    ...files.map(([path]) => `${toy.configFiles?.includes(path) ? '%config(noreplace) ' : ''}${path}`),
    '',
  ].join('\n');
}

/** Builds packages into a folder; each is there afterwards as `name-version-1.noarch.rpm`. */
export async function buildRpms(folder: string, toys: readonly RpmToy[]): Promise<void> {
  const work = join(folder, '.build');
  await mkdir(work, { recursive: true });
  const specs = await Promise.all(
    toys.map(async (toy) => {
      const path = join(work, `${toy.name}-${toy.version.replace(':', '_')}.spec`);
      await writeFile(path, specOf(toy));
      return path;
    }),
  );
  if (specs.length > 0) await build(folder, specs);
}

/** Builds many packages that differ in their names only, in one go: a twentieth of what they cost one by one. */
export async function buildAlikeRpms(
  folder: string,
  names: readonly string[],
  version: string,
): Promise<void> {
  const work = join(folder, '.build');
  await mkdir(work, { recursive: true });
  const path = join(work, `alike-${version}.spec`);
  const each = (lines: (name: string) => readonly string[]) => names.flatMap(lines);
  const text = [
    'Name: alike',
    `Version: ${version}`,
    'Release: 1',
    'Summary: Toys',
    'License: MIT',
    'URL: https://example.test/',
    'BuildArch: noarch',
    'AutoReqProv: no',
    '%description',
    'Toys.',
    ...each((name) => [`%package -n ${name}`, `Summary: Toy package ${name}`]),
    ...each((name) => [`%description -n ${name}`, 'A toy.']),
    '%install',
    'while read -r name; do',
    '  mkdir -p "%{buildroot}/usr/share/$name"',
    `  echo ${version} >"%{buildroot}/usr/share/$name/version"`,
    "done <<'END'",
    ...names,
    'END',
    ...each((name) => [`%files -n ${name}`, `/usr/share/${name}/version`]),
    '',
  ];
  await writeFile(path, text.join('\n'));
  await build(folder, [path]);
}

async function build(folder: string, specs: readonly string[]): Promise<void> {
  const work = join(folder, '.build');
  const macros = {
    _topdir: work,
    _rpmdir: folder,
    _build_name_fmt: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    _dbpath: join(work, 'db'),
    __os_install_post: '%{nil}',
    _binary_payload: 'w1.gzdio',
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  // Threads that wait for work in a loop are most of what the build of a small package costs (GNU libgomp, OMP_NUM_THREADS).
  const env = { OMP_NUM_THREADS: '1' };
  must(await runProgram('rpmbuild', ['-bb', '--quiet', ...defines, ...specs], { env }), 'rpmbuild');
}
