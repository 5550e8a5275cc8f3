import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Programs the tests call, and the Debian package that has each. */
const TEST_PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['openssl', 'openssl'],
  ['curl', 'curl'],
  ['gpgv', 'gpgv'],
  ['dpkg-deb', 'dpkg'],
  ['apt-get', 'apt'],
  ['git', 'git'],
  ['age', 'age'],
  ['rpm', 'rpm'],
  ['dnf', 'dnf'],
  ['/usr/lib/python3/dist-packages/dnf-plugins/versionlock.py', 'dnf-plugins-core'],
  ['createrepo_c', 'createrepo-c'],
  ['gpg', 'gpg'],
  ['pacman', 'pacman-package-manager'],
  ['vercmp', 'makepkg'],
  ['bsdtar', 'libarchive-tools'],
];

function isInstalled(program: string): boolean {
  const paths = isAbsolute(program)
    ? [program]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return paths.some((path) => {
    try {
      accessSync(path, isAbsolute(program) ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Suites that run side by side install one after the other: of apt's locks only dpkg's can be waited for. */
export function apt(...args: string[]): void {
  run('flock', ['/run/lock/linux-patch-tests.lock', 'apt-get', ...args], '.');
}

/** Runs a program in a folder; throws when it fails. */
export function run(program: string, args: readonly string[], folder: string): void {
  const result = spawnSync(program, args, {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${result.status ?? result.signal}`);
}

/**
 * Makes sure that programs (or files, by their absolute path) are there; installs them as root, otherwise says what to install.
 * @param purpose begins the message: "The tests"
 */
export function ensurePrograms(
  purpose: string,
  programs: readonly (readonly [program: string, debianPackage: string])[],
): void {
  const missing = programs.filter(([program]) => !isInstalled(program)).map(([, name]) => name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `${purpose} needs ${missing.join(', ')}: run 'apt-get install ${missing.join(' ')}' as root.`,
    );
  }
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...missing);
}

/** What the tests call. */
export function ensureTestPrograms(): void {
  ensurePrograms('Testing', TEST_PROGRAMS);
}
