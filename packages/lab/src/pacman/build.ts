import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { must, runProgram } from '../process.ts';

/** A toy package of pacman. */
export interface PacmanToy {
  readonly name: string;
  /** With a release, perhaps with an epoch before it: `1:1.0-1`. */
  readonly version: string;
  /** Lines of its description, such as `depend = toylib`. */
  readonly tags?: readonly string[];
  /** Files with their content, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of these, those that an administrator may edit. */
  readonly configFiles?: readonly string[];
  /** Functions that pacman calls, such as `post_install`; a private root has a shell and nothing that it could start. */
  readonly script?: string;
}

function descriptionOf({ name, version, tags = [], configFiles = [] }: PacmanToy): string {
  return [
    `pkgname = ${name}`,
    `pkgbase = ${name}`,
    `pkgver = ${version}`,
    `pkgdesc = Toy package ${name}`,
    `url = https://example.test/${name}`,
    'builddate = 1790000000',
    'packager = Lab <lab@example.test>',
    'size = 2048',
    'arch = any',
    'license = MIT',
    ...tags,
    ...configFiles.map((path) => `backup = ${path.slice(1)}`),
    '',
  ].join('\n');
}

/** The file name of a toy. */
export function fileOf({ name, version }: Pick<PacmanToy, 'name' | 'version'>): string {
  return `${name}-${version}-any.pkg.tar.zst`;
}

/** Builds a package into a folder. */
export async function buildPacmanPackage(folder: string, toy: PacmanToy): Promise<string> {
  const tree = join(folder, '.build', `${toy.name}-${toy.version}`);
  const contents: Readonly<Record<string, string>> = {
    '.PKGINFO': descriptionOf(toy),
    ...(toy.script === undefined ? {} : { '.INSTALL': `${toy.script}\n` }),
    [`usr/share/${toy.name}/version`]: `${toy.version}\n`,
    ...Object.fromEntries(Object.entries(toy.files ?? {}).map(([path, text]) => [path.slice(1), text])),
  };
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  const path = join(folder, fileOf(toy));
  const parts = [...new Set(Object.keys(contents).map((one) => one.split('/')[0] ?? one))];
  const args = ['--zstd', '-cf', path, '--uid', '0', '--gid', '0', ...parts];
  must(await runProgram('bsdtar', args, { cwd: tree }), 'bsdtar');
  await rm(tree, { recursive: true });
  return path;
}
