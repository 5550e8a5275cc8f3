import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivatePacmanRoot } from '../pacman/private-root.ts';
import { buildPacmanRepository, REPOSITORY_NAME } from '../pacman/repository.ts';
import { must, runProgram } from '../process.ts';
import { createPrivateDnfRoot } from '../rpm/dnf-root.ts';
import { buildRpmRepository, type RpmAdvisory } from '../rpm/repository.ts';
import { buildAlikeRpms } from '../rpm/spec.ts';
import { createPrivateZypperRoot } from '../rpm/zypper-root.ts';
import type { ListedRoot, TypedCommand } from './listed-root.ts';

/** As many as a server with some services has. */
const PACKAGES = 1_500;
const UPDATES = 150;
/** Arguments of one command. */
const AT_ONCE = 500;

const nameOf = (index: number): string => `toy-many-${String(index).padStart(4, '0')}`;
const all = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
/** Every tenth has an update. */
const updated = all(UPDATES).map((index) => index * (PACKAGES / UPDATES));

/** Half of the updates mend faults. */
const ADVISORIES: readonly RpmAdvisory[] = updated
  .filter((_, turn) => turn % 2 === 0)
  .map((index) => ({
    id: `LABSA-2027:${String(index).padStart(4, '0')}`,
    type: 'security',
    severity: 'Important',
    cves: [`CVE-2027-${String(index + 1_000)}`, `CVE-2027-${String(index + 5_000)}`],
    packages: [{ name: nameOf(index), version: '1.1' }],
  }));

/** A command in a root that is named in its arguments, which nobody types. */
function typed(
  shown: string,
  run: (...args: string[]) => ReturnType<TypedCommand['run']>,
  ends?: readonly number[],
): TypedCommand {
  const [, ...args] = shown.split(' ');
  return { shown, run: () => run(...args), ...(ends ? { ends } : {}) };
}

/** Two commands of which an administrator needs both. */
function oneAndTheOther(one: TypedCommand, other: TypedCommand): TypedCommand {
  return {
    shown: `${one.shown}; ${other.shown}`,
    async run() {
      const { exitCode, ...said } = await one.run();
      return (one.ends ?? [0]).includes(exitCode ?? -1) ? other.run() : { exitCode, ...said };
    },
  };
}

const rpmQuery = (folder: string): TypedCommand => ({
  shown: 'rpm -qa',
  run: () => runProgram('rpm', ['--dbpath', join(folder, 'var/lib/rpm'), '-qa']),
});

/** The time of a file or folder that every change of packages changes. */
function touch(path: string): () => Promise<void> {
  return async () => {
    const now = new Date();
    await utimes(path, now, now);
  };
}

/** A repository with these packages and their updates, and the files of the packages. Only what is in it is signed: nothing of it is installed for real. */
async function manyRpms(folder: string) {
  const repository = await buildRpmRepository({ folder });
  await buildAlikeRpms(repository.partFolder('base'), all(PACKAGES).map(nameOf), '1.0');
  await buildAlikeRpms(repository.partFolder('updates'), updated.map(nameOf), '1.1');
  await repository.publish('base', []);
  await repository.publish('updates', [], ADVISORIES);
  const files = await readdir(repository.partFolder('base'));
  const rpms = files.filter((name) => name.startsWith('toy-many-'));
  return { repository, rpms: rpms.map((name) => join(repository.partFolder('base'), name)) };
}

/** Puts packages into the database without unpacking them. */
async function note(rpm: (...args: string[]) => Promise<void>, files: readonly string[]): Promise<void> {
  for (let at = 0; at < files.length; at += AT_ONCE)
    await rpm('-i', '--justdb', '--nodeps', '--nosignature', ...files.slice(at, at + AT_ONCE));
}

/** Roots of dnf and zypper with the same packages of the same repository. */
export async function manyRpmRoots(
  folder: string,
): Promise<{ readonly roots: readonly ListedRoot[] } & AsyncDisposable> {
  const { repository, rpms } = await manyRpms(join(folder, 'rpm'));
  const [dnfFolder, zypperFolder] = [join(folder, 'dnf'), join(folder, 'zypper')];
  const dnf = await createPrivateDnfRoot({ folder: dnfFolder, repository });
  const zypper = await createPrivateZypperRoot({ folder: zypperFolder, repository });
  for (const root of [dnf, zypper]) {
    await note((...args) => root.rpm(...args), rpms);
    await root.update();
  }
  const current = { command: 'query', limit: 1 };
  const byDnf = (...args: string[]) => dnf.dnf(...args);
  const byZypper = (...args: string[]) => zypper.zypper(...args);
  return {
    roots: [
      {
        name: 'dnf',
        folder: dnfFolder,
        commands: {
          query: rpmQuery(dnfFolder),
          installed: typed('dnf -q -C list --installed', byDnf),
          upgradable: typed('dnf -q -C check-update', byDnf, [100]),
          upgrades: typed('dnf -q -C list --upgrades', byDnf),
          advised: oneAndTheOther(
            typed('dnf -q -C check-update', byDnf, [100]),
            typed('dnf -q -C updateinfo list --with-cve', byDnf),
          ),
        },
        change: touch(join(dnfFolder, 'var/lib/rpm/rpmdb.sqlite')),
        bars: {
          current,
          packages: [{ command: 'installed', limit: 1.5 }],
          // It says of each update what it mends as well, for which an administrator types the second.
          patches: [{ command: 'upgradable' }, { command: 'advised', limit: 1.5 }],
        },
      },
      {
        name: 'zypper',
        folder: zypperFolder,
        commands: {
          query: rpmQuery(zypperFolder),
          installed: typed('zypper --no-refresh packages --installed-only', byZypper),
          upgradable: typed('zypper --no-refresh list-updates', byZypper),
          advised: oneAndTheOther(
            typed('zypper --no-refresh list-updates', byZypper),
            typed('zypper --no-refresh list-patches', byZypper),
          ),
        },
        change: touch(join(zypperFolder, 'var/lib/rpm/rpmdb.sqlite')),
        bars: {
          current,
          packages: [{ command: 'installed', limit: 1.5 }],
          // It says of each update what it mends as well, for which an administrator types the second.
          patches: [{ command: 'upgradable' }, { command: 'advised', limit: 1.5 }],
        },
      },
    ],
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

/** What pacman keeps of an installed package, and of one in a repository (alpm's `desc`). */
function description(name: string, version: string, more: readonly (readonly [string, string])[]): string {
  const fields = [
    ['NAME', name],
    ['VERSION', version],
    ['BASE', name],
    ['DESC', `Toy package ${name}`],
    ['URL', `https://example.test/${name}`],
    ['ARCH', 'any'],
    ['BUILDDATE', '1790000000'],
    ['PACKAGER', 'Lab <lab@example.test>'],
    ['LICENSE', 'MIT'],
    ...more,
  ];
  return fields.map(([field, value]) => `%${field}%\n${value}\n\n`).join('');
}

async function writeDescriptions(folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [place, text] of texts) {
    await mkdir(join(folder, place), { recursive: true });
    await writeFile(join(folder, place, 'desc'), text);
  }
}

/** A root of pacman whose database, and that of its repository, are written as pacman writes them. */
export async function manyPacmanRoot(
  folder: string,
): Promise<{ readonly root: ListedRoot } & AsyncDisposable> {
  const repository = await buildPacmanRepository({ folder: join(folder, 'repository') });
  const root = join(folder, 'root');
  const host = await createPrivatePacmanRoot({ folder: root, repository });
  const pacman = (...args: string[]) => host.pacman(...args);
  const local = join(root, 'var/lib/pacman/local');
  await mkdir(local, { recursive: true });
  await writeFile(join(local, 'ALPM_DB_VERSION'), '9\n');
  const installed = [
    ['INSTALLDATE', '1795000000'],
    ['SIZE', '2048'],
    ['VALIDATION', 'none'],
  ] as const;
  const texts = all(PACKAGES).map(
    (index) => [`${nameOf(index)}-1.0-1`, description(nameOf(index), '1.0-1', installed)] as const,
  );
  await writeDescriptions(local, new Map(texts));
  for (const [place] of texts)
    await writeFile(join(local, place, 'files'), `%FILES%\nusr/\nusr/share/\nusr/share/${place}\n\n`);
  await writeSyncDatabase(folder, root);
  const shownOnlyBecause = 'less than the start of a program of Node';
  return {
    root: {
      name: 'pacman',
      folder: root,
      commands: { query: typed('pacman -Q', pacman), upgradable: typed('pacman -Qu', pacman) },
      change: touch(local),
      bars: {
        current: { command: 'query', limit: 1 },
        packages: [{ command: 'query', limit: 1.5, shownOnlyBecause }],
        patches: [{ command: 'upgradable', limit: 1.5, shownOnlyBecause }],
      },
    },
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}

/** The database of the repository in pacman's own folder, where every package is and some are newer. */
async function writeSyncDatabase(folder: string, root: string): Promise<void> {
  const tree = join(folder, 'sync-tree');
  const newer = new Set(updated);
  const texts = all(PACKAGES).map((index) => {
    const version = newer.has(index) ? '1.1-1' : '1.0-1';
    const name = nameOf(index);
    const more = [
      ['FILENAME', `${name}-${version}-any.pkg.tar.zst`],
      ['CSIZE', '512'],
      ['ISIZE', '2048'],
    ] as const;
    return [`${name}-${version}`, description(name, version, more)] as const;
  });
  await writeDescriptions(tree, new Map(texts));
  const path = join(root, 'var/lib/pacman/sync', `${REPOSITORY_NAME}.db`);
  const names = texts.map(([place]) => place);
  must(await runProgram('bsdtar', ['-czf', path, ...names], { cwd: tree }), 'bsdtar');
  // Signatures are looked at when a database is used; this one has none.
  const config = join(root, 'etc/pacman.conf');
  await writeFile(
    config,
    `[options]\nArchitecture = x86_64\nSigLevel = Never\n[${REPOSITORY_NAME}]\nServer = file:///nowhere\n`,
  );
}
