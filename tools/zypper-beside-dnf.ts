import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apt, run } from './system-packages.ts';

const ZYPPER = '/usr/bin/zypper';
/** What Debian 12 has in `dnf-plugins-core`, too; for this the two packages refuse each other. */
const SHARED = ['usr/bin/needs-restarting', 'usr/share/man/man1/needs-restarting.1.gz'];

/**
 * Makes sure that Debian's zypper is there although dnf and its plugins are: under another name and without the program that
 * both have, it can be installed beside them. Nothing else of the package is another.
 */
export function ensureZypper(): void {
  if (existsSync(ZYPPER)) return;
  if (process.getuid?.() !== 0) throw new Error("Testing needs zypper: run 'npm test' once as root.");
  const folder = mkdtempSync(join(tmpdir(), 'zypper-'));
  try {
    apt('update', '-qq');
    run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'zypper'], folder);
    const [file = ''] = readdirSync(folder);
    run('dpkg-deb', ['-R', file, 'tree'], folder);
    rename(join(folder, 'tree'));
    run('dpkg-deb', ['--root-owner-group', '-b', 'tree', 'zypper-beside-dnf.deb'], folder);
    apt('install', '-y', '-qq', '--no-install-recommends', join(folder, 'zypper-beside-dnf.deb'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rename(tree: string): void {
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(
    control,
    readFileSync(control, 'utf8').replace(/^Package: zypper$/m, 'Package: zypper-beside-dnf'),
  );
  for (const path of SHARED) rmSync(join(tree, path), { force: true });
  const sums = join(tree, 'DEBIAN/md5sums');
  const lines = readFileSync(sums, 'utf8').split('\n');
  writeFileSync(sums, lines.filter((line) => !SHARED.some((path) => line.endsWith(path))).join('\n'));
}
