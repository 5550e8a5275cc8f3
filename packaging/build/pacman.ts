import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_NAMES, MAINTAINER, PACKAGE_VERSION } from '../programs.ts';
import { handOut } from './hand-out.ts';
import { pacmanScript } from './maintainer-scripts.ts';
import type { PackageJob } from './package-job.ts';
import { ownLicence } from './papers.ts';
import { run } from './shell.ts';
import { settleTimes, sizeOfFiles } from './stage.ts';

function packageInfo(job: PackageJob, sizeBytes: number): string {
  const { program, architecture } = job;
  const backups = program.extraFiles.map((file) => file.target).filter((path) => path.startsWith('/etc/'));
  return [
    `pkgname = ${program.name}`,
    `pkgver = ${PACKAGE_VERSION}-${job.revision}`,
    `pkgdesc = ${program.summary}`,
    'url = https://linux-patch.invalid',
    `builddate = ${job.epochS}`,
    `packager = ${MAINTAINER}`,
    `size = ${sizeBytes}`,
    `arch = ${MACHINE_NAMES[architecture].rpm}`,
    'license = Apache-2.0',
    ...backups.map((path) => `backup = ${path.slice(1)}`),
    'depend = glibc',
    'depend = gcc-libs',
    '',
  ].join('\n');
}

const OWNER = ['--uid', '0', '--gid', '0', '--uname', 'root', '--gname', 'root'];
const MTREE = '!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link';

/** Builds the pacman package (BUILDINFO aside, as makepkg lays it out) and returns its path. */
export function buildPacman(job: PackageJob): string {
  const { program, architecture, stageFolder, workFolder, outFolder, root } = job;
  const tree = join(workFolder, 'pacman');
  rmSync(tree, { recursive: true, force: true });
  cpSync(stageFolder, tree, { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(tree, 'usr/share/licenses', program.name), { recursive: true });
  writeFileSync(join(tree, 'usr/share/licenses', program.name, 'LICENSE'), ownLicence(root));
  const sizeBytes = sizeOfFiles(tree);
  writeFileSync(join(tree, '.PKGINFO'), packageInfo(job, sizeBytes));
  writeFileSync(join(tree, '.INSTALL'), pacmanScript(program, root));
  settleTimes(tree, job.epochS);
  const listed = run(
    'find',
    ['etc', 'usr'].filter((one) => one === 'usr' || hasEtc(job)),
    { cwd: tree },
  );
  const members = listed.split('\n').filter(Boolean).sort();
  const list = join(workFolder, 'pacman.list');
  writeFileSync(list, ['.PKGINFO', '.INSTALL', ...members].join('\n'));
  const mtree = [
    '-czf',
    '.MTREE',
    '--format=mtree',
    `--options=${MTREE},gzip:!timestamp`,
    '--uid',
    '0',
    '--gid',
    '0',
  ];
  run('bsdtar', [...mtree, '--no-recursion', '-T', list], { cwd: tree });
  settleTimes(tree, job.epochS);
  writeFileSync(list, ['.MTREE', '.PKGINFO', '.INSTALL', ...members].join('\n'));
  const name = `${program.name}-${PACKAGE_VERSION}-${job.revision}-${MACHINE_NAMES[architecture].rpm}.pkg.tar`;
  const archive = join(workFolder, name);
  run('bsdtar', ['-cf', archive, '--format=gnutar', ...OWNER, '--no-recursion', '-T', list], { cwd: tree });
  run('zstd', ['--rm', '--force', '--quiet', job.fast ? '-3' : '-19', '-T0', archive]);
  const file = join(outFolder, `${name}.zst`);
  handOut(`${archive}.zst`, file);
  rmSync(tree, { recursive: true });
  rmSync(list);
  return file;
}

function hasEtc(job: PackageJob): boolean {
  return job.program.extraFiles.some((file) => file.target.startsWith('/etc/'));
}
