import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MAINTAINER, PACKAGE_VERSION } from '../programs.ts';
import { debianScripts } from './maintainer-scripts.ts';
import type { PackageJob } from './package-job.ts';
import { debianCopyright } from './papers.ts';
import { run } from './shell.ts';
import { settleTimes, sizeOfFiles } from './stage.ts';

/** Libraries of the private Node; libatomic1 is in no minimal system. */
const NODE_DEPENDS = ['libatomic1', 'libc6 (>= 2.28)', 'libgcc-s1 (>= 3.4)', 'libstdc++6 (>= 9)'];

const versionOf = (job: PackageJob): string => `${PACKAGE_VERSION}-${job.revision}`;

function control(job: PackageJob, sizeKib: number): string {
  const { program, architecture } = job;
  return [
    `Package: ${program.name}`,
    `Version: ${versionOf(job)}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${sizeKib}`,
    `Depends: ${[...NODE_DEPENDS, ...program.debianDepends].join(', ')}`,
    'Section: admin',
    'Priority: optional',
    `Description: ${program.summary}`,
    ...program.description.map((line) => ` ${line}`),
    '',
  ].join('\n');
}

function debianChangelog(job: PackageJob): string {
  const date = new Date(job.epochS * 1000).toUTCString().replace('GMT', '+0000');
  return [
    `${job.program.name} (${versionOf(job)}) unstable; urgency=medium`,
    '',
    '  * See changelog.gz for what changed in the program.',
    '',
    ` -- ${MAINTAINER}  ${date}`,
    '',
  ].join('\n');
}

/** Files that dpkg must not overwrite when somebody changed them. */
function conffiles(job: PackageJob): string {
  return job.program.extraFiles
    .map((file) => file.target)
    .filter((path) => path.startsWith('/etc/'))
    .map((path) => `${path}\n`)
    .join('');
}

/** Builds the .deb and returns its path. */
export function buildDeb(job: PackageJob): string {
  const { program, architecture, stageFolder, workFolder, outFolder, root } = job;
  const tree = join(workFolder, 'deb');
  rmSync(tree, { recursive: true, force: true });
  cpSync(stageFolder, tree, { recursive: true, verbatimSymlinks: true });
  const papers = join(tree, 'usr/share/doc', program.name);
  writeFileSync(join(papers, 'copyright'), debianCopyright(program, job.bundle));
  writeFileSync(join(papers, 'changelog.Debian.gz'), gzipSync(debianChangelog(job), { level: 9 }));
  const overrides = join(tree, 'usr/share/lintian/overrides');
  mkdirSync(overrides, { recursive: true });
  writeFileSync(
    join(overrides, program.name),
    readFileSync(join(root, 'packaging/lintian-overrides'), 'utf8').replaceAll('@NAME@', program.name),
  );
  const sizeKib = Math.ceil(sizeOfFiles(tree) / 1024);
  const debian = join(tree, 'DEBIAN');
  mkdirSync(debian);
  writeFileSync(join(debian, 'control'), control(job, sizeKib));
  if (conffiles(job) !== '') writeFileSync(join(debian, 'conffiles'), conffiles(job));
  for (const [name, text] of Object.entries(debianScripts(program, root))) {
    writeFileSync(join(debian, name), text);
  }
  writeFileSync(join(debian, 'md5sums'), checksums(tree));
  settleTimes(tree, job.epochS);
  for (const name of Object.keys(debianScripts(program, root))) chmodSync(join(debian, name), 0o755);
  const file = join(outFolder, `${program.name}_${versionOf(job)}_${architecture}.deb`);
  run('dpkg-deb', ['--root-owner-group', ...compressionOf(job), '-b', tree, file], {
    env: { SOURCE_DATE_EPOCH: String(job.epochS) },
  });
  rmSync(tree, { recursive: true });
  return file;
}

function compressionOf({ fast, zstd }: PackageJob): readonly string[] {
  if (zstd) return ['-Zzstd', '-z1'];
  // Else xz and gzip only: older dpkg reads no zstd.
  // Two threads wherever it is built: one thread makes other bytes than several.
  return fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=2'];
}

function checksums(tree: string): string {
  const files = run('find', ['.', '-path', './DEBIAN', '-prune', '-o', '-type', 'f', '-printf', '%P\n'], {
    cwd: tree,
  });
  return run('md5sum', files.split('\n').filter(Boolean).sort(), { cwd: tree });
}
