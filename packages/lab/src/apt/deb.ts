import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../process.ts';

/** A toy package, built with the real dpkg-deb. */
export interface ToyPackage {
  readonly name: string;
  readonly version: string;
  /** Of another name or version than the package, `toysource (1.0-1)`. */
  readonly source?: string;
  /** Default `all`. */
  readonly architecture?: string;
  /** `same` for libraries that are there for several architectures at once. */
  readonly multiArch?: string;
  readonly depends?: string;
  readonly preDepends?: string;
  readonly recommends?: string;
  readonly suggests?: string;
  readonly breaks?: string;
  readonly conflicts?: string;
  readonly replaces?: string;
  readonly provides?: string;
  /** Short description; a long one is added. */
  readonly description?: string;
  readonly section?: string;
  /** Files with their content, by absolute path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly conffiles?: readonly string[];
  /** Maintainer scripts run unchrooted in a private root, so they may touch only "$DPKG_ROOT". */
  readonly postinst?: string;
  /** Share of machines that get an update early (apt_preferences(5), phased updates). */
  readonly phasedPercentage?: number;
}

/** What it needs and what it does not go with (Debian policy §7). */
function relations(toy: ToyPackage): string[] {
  const fields = {
    'Pre-Depends': toy.preDepends,
    Depends: toy.depends,
    Recommends: toy.recommends,
    Suggests: toy.suggests,
    Breaks: toy.breaks,
    Conflicts: toy.conflicts,
    Replaces: toy.replaces,
    Provides: toy.provides,
  };
  return Object.entries(fields).flatMap(([name, value]) => (value ? [`${name}: ${value}`] : []));
}

/** Fields of the control file, in the order of the Debian policy. */
export function controlFields(toy: ToyPackage): string {
  return [
    `Package: ${toy.name}`,
    ...(toy.source ? [`Source: ${toy.source}`] : []),
    `Version: ${toy.version}`,
    `Architecture: ${toy.architecture ?? 'all'}`,
    ...(toy.multiArch ? [`Multi-Arch: ${toy.multiArch}`] : []),
    'Maintainer: Lab <lab@example.test>',
    'Installed-Size: 12',
    ...relations(toy),
    `Section: ${toy.section ?? 'misc'}`,
    'Priority: optional',
    `Homepage: https://example.test/${toy.name}`,
    `Description: ${toy.description ?? `toy package ${toy.name}`}`,
    ' It exists to be installed, updated and removed by tests.',
    ' .',
    ' It does nothing, and does it in a second paragraph too.',
    '',
  ].join('\n');
}

async function stage(folder: string, toy: ToyPackage): Promise<void> {
  const files: Record<string, string | Uint8Array> = {
    [`/usr/share/${toy.name}/version`]: `${toy.version}\n`,
    ...toy.files,
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await mkdir(join(folder, 'DEBIAN'));
  await writeFile(join(folder, 'DEBIAN/control'), controlFields(toy));
  if (toy.conffiles) await writeFile(join(folder, 'DEBIAN/conffiles'), `${toy.conffiles.join('\n')}\n`);
  if (toy.postinst) {
    await writeFile(join(folder, 'DEBIAN/postinst'), `#!/bin/sh\nset -e\n${toy.postinst}\n`);
    await chmod(join(folder, 'DEBIAN/postinst'), 0o755);
  }
}

async function packDeb(toy: ToyPackage, path: string): Promise<void> {
  // Beside the package: the demo promises to touch nothing outside its own folder.
  const folder = await mkdtemp(join(dirname(path), '.stage-'));
  try {
    await chmod(folder, 0o755);
    await stage(folder, toy);
    const built = await runProgram('dpkg-deb', ['-Zgzip', '-z1', '--root-owner-group', '-b', folder, path]);
    if (built.exitCode !== 0) throw new Error(`dpkg-deb did not build ${path}: ${built.stderr}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was built in this process: the same toys are in most repositories. */
const built = new Map<string, Uint8Array>();

/** Builds a .deb at `path`; throws with what dpkg-deb said. */
export async function buildDeb(toy: ToyPackage, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const toyText = JSON.stringify(toy);
  const known = built.get(toyText);
  if (known) return writeFile(path, known);
  await packDeb(toy, path);
  built.set(toyText, await readFile(path));
}
