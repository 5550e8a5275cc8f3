import { chmod, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { copyFolder } from '../copy-folder.ts';
import { must, type ProgramResult, runProgram } from '../process.ts';
import { type PacmanRepository, REPOSITORY_NAME } from './repository.ts';

/** A pacman of its own: nothing it does touches the machine's packages. It takes root, because pacman changes its root. */
export interface PrivatePacmanRoot {
  readonly folder: string;
  /** Runs pacman in this root; nobody answers its questions. */
  pacman(...args: string[]): Promise<ProgramResult>;
  /** Installs packages of the old versions; throws when it fails. */
  install(names: readonly string[]): Promise<void>;
}

/** What pacman's configuration says in a root. */
export function pacmanConfig(served: string, more = ''): string {
  return [
    '[options]',
    'Architecture = x86_64',
    'SigLevel = Required DatabaseRequired',
    'LocalFileSigLevel = Optional',
    more,
    `[${REPOSITORY_NAME}]`,
    `Server = file://${served}`,
    '',
  ].join('\n');
}

/** Puts a shell in a root, for scripts of packages, with the libraries that it needs. */
async function addShell(folder: string): Promise<void> {
  const { stdout } = must(await runProgram('ldd', ['/bin/dash']), 'ldd');
  const libraries = stdout.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  const copies = [['/bin/dash', 'bin/sh'] as const, ...libraries.map((path) => [path, path] as const)];
  for (const [from, to] of copies) {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await copyFile(from, join(folder, to));
  }
}

/** Makes the keyring of a host, in which it trusts the key of a repository. */
export async function addKey(home: string, keyPath: string): Promise<void> {
  await mkdir(home, { recursive: true });
  await chmod(home, 0o700);
  // The name that pacman looks for; GnuPG would make another.
  await writeFile(join(home, 'pubring.gpg'), '');
  const gpg = (args: readonly string[], input?: string) =>
    runProgram(
      'gpg',
      ['--homedir', home, '--batch', '--quiet', ...args],
      input === undefined ? {} : { input },
    );
  must(await gpg(['--import', keyPath]), 'gpg --import');
  const { stdout } = must(await gpg(['--with-colons', '--fingerprint']), 'gpg --fingerprint');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1];
  must(await gpg(['--import-ownertrust'], `${fingerprint}:6:\n`), 'gpg --import-ownertrust');
}

async function writeRoot(folder: string, repository: PacmanRepository): Promise<void> {
  for (const name of ['var/lib/pacman/sync', 'var/cache/pacman/pkg', 'var/log', 'etc/pacman.d/hooks', 'tmp'])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'etc/os-release'), 'NAME="Arch Linux"\nID=arch\n');
  await writeFile(join(folder, 'etc/pacman.conf'), pacmanConfig(repository.served));
  for (const end of ['', '.sig'])
    await cp(
      `${repository.baseDatabase}${end}`,
      join(folder, 'var/lib/pacman/sync', `${REPOSITORY_NAME}.db${end}`),
      { preserveTimestamps: true },
    );
  await addShell(folder);
  await addKey(join(folder, 'etc/pacman.d/gnupg'), repository.keyPath);
}

/** Makes a private root at `folder` that installs from `repository`, whose newer versions it has not heard of. */
export async function createPrivatePacmanRoot(options: {
  readonly folder: string;
  readonly repository: PacmanRepository;
  /** A root of the same repository, of which this one becomes a copy with all that is installed. */
  readonly from?: string;
}): Promise<PrivatePacmanRoot> {
  const folder = resolve(options.folder);
  if (options.from === undefined) await writeRoot(folder, options.repository);
  else await copyFolder(options.from, folder);
  const places: Readonly<Record<string, string>> = {
    root: '.',
    config: 'etc/pacman.conf',
    dbpath: 'var/lib/pacman',
    cachedir: 'var/cache/pacman/pkg',
    logfile: 'var/log/pacman.log',
    hookdir: 'etc/pacman.d/hooks',
    gpgdir: 'etc/pacman.d/gnupg',
  };
  const own = Object.entries(places).flatMap(([name, path]) => [`--${name}`, join(folder, path)]);
  const env = { LC_ALL: 'C.UTF-8' };
  const pacman: PrivatePacmanRoot['pacman'] = (...args) =>
    runProgram('/usr/bin/pacman', [...own, ...args], { env });
  return {
    folder,
    pacman,
    async install(names) {
      must(await pacman('-S', '--noconfirm', ...names), 'pacman -S');
    },
  };
}
