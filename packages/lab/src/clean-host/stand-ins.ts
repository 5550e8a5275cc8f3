import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabHost } from '../hosts/host.ts';
import { must, runProgram } from '../process.ts';

/** What dnf and pacman hosts of the lab are told is installed; really Debian's packages have it. */
const PROVIDED = [
  '/bin/sh',
  'glibc = 2.36',
  'libstdc++ = 12',
  'libatomic = 12',
  'systemd = 252',
  'shadow-utils = 4.13',
  'findutils = 4.9',
];

/** A package without files for a host whose base system came from another package manager. */
export async function buildRpmStandIn(folder: string): Promise<string> {
  const spec = join(folder, 'labbase.spec');
  const lines = [
    'Name: labbase',
    'Version: 1',
    'Release: 1',
    'Summary: the base system',
    'License: none',
    'BuildArch: noarch',
    ...PROVIDED.map((one) => `Provides: ${one}`),
    '%description',
    'The base system.',
    '%files',
    '',
  ];
  await writeFile(spec, lines.join('\n'));
  const top = join(folder, 'rpmbuild');
  must(await runProgram('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${top}`, spec]), 'rpmbuild');
  const file = join(folder, 'labbase-1-1.noarch.rpm');
  await rename(join(top, 'RPMS/noarch/labbase-1-1.noarch.rpm'), file);
  return file;
}

export async function buildPacmanStandIn(folder: string): Promise<string> {
  const tree = join(folder, 'pacman');
  await mkdir(tree, { recursive: true });
  const lines = [
    'pkgname = labbase',
    'pkgver = 1-1',
    'pkgdesc = the base system',
    'arch = any',
    'size = 0',
    'builddate = 1',
    'provides = glibc',
    'provides = gcc-libs',
    'provides = systemd',
    '',
  ];
  await writeFile(join(tree, '.PKGINFO'), lines.join('\n'));
  const file = join(folder, 'labbase-1-1-any.pkg.tar.zst');
  const args = ['--zstd', '-cf', file, '--uid', '0', '--gid', '0', '.PKGINFO'];
  must(await runProgram('bsdtar', args, { cwd: tree }), 'bsdtar');
  return file;
}

/** Writes a file of a host from outside, with its folder. */
export async function putFile(host: LabHost, path: string, text: string): Promise<void> {
  await mkdir(join(host.disk, path, '..'), { recursive: true });
  await rm(join(host.disk, path), { force: true });
  await writeFile(join(host.disk, path), text);
}

const RPM_MACROS = '%_dbpath /var/lib/rpm\n';
const RPM_STAND_IN = '/srv/repository/labbase-1-1.noarch.rpm';

/** Makes Debian's dnf behave as on a host that has had it from the start. */
export async function prepareDnf(host: LabHost): Promise<void> {
  await putFile(host, 'etc/rpm/macros', RPM_MACROS);
  await putFile(host, 'etc/dnf/plugins/local.conf', '[main]\nenabled=0\n');
  await putFile(host, 'etc/dnf/vars/releasever', '9\n');
  await host.must('dnf', ['-y', '-q', 'install', RPM_STAND_IN]);
}

/** The same of Debian's dnf 5, which is what `dnf` is on such a host. */
export async function prepareDnf5(host: LabHost): Promise<void> {
  await putFile(host, 'etc/rpm/macros', RPM_MACROS);
  await putFile(host, 'etc/dnf/libdnf5-plugins/local.conf', '[main]\nname = local\nenabled = 0\n');
  await putFile(host, 'etc/dnf/vars/releasever', '43\n');
  await host.must('ln', ['-s', 'dnf5', '/usr/bin/dnf']);
  await host.must('dnf', ['-y', '-q', 'install', RPM_STAND_IN]);
}

/** The same of Debian's zypper. */
export async function prepareZypper(host: LabHost): Promise<void> {
  await putFile(host, 'etc/rpm/macros', RPM_MACROS);
  await host.must('rpm', ['-i', RPM_STAND_IN]);
}

export async function preparePacman(host: LabHost): Promise<void> {
  const text = '[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n';
  await writeFile(join(host.disk, 'etc/pacman.conf'), text);
  await host.must('pacman', ['--noconfirm', '-U', '/srv/repository/labbase-1-1-any.pkg.tar.zst']);
}
