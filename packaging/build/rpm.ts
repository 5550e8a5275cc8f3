import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_NAMES, MAINTAINER, PACKAGE_VERSION } from '../programs.ts';
import { handOut } from './hand-out.ts';
import { rpmScriptlets } from './maintainer-scripts.ts';
import type { PackageJob } from './package-job.ts';
import { ownLicence } from './papers.ts';
import { run } from './shell.ts';

/** `%` is a macro for rpm. */
function literal(text: string): string {
  return text.replaceAll('%', '%%');
}

function files(job: PackageJob): string[] {
  const list = run('find', ['.', '-type', 'f', '-o', '-type', 'l'], { cwd: job.stageFolder });
  const paths = list
    .split('\n')
    .filter(Boolean)
    .map((path) => path.slice(1))
    .sort();
  return paths.map((path) => {
    if (path.startsWith('/etc/')) return `%config(noreplace) ${path}`;
    if (path.startsWith('/usr/share/man/')) return `%doc ${path}`;
    return path;
  });
}

/** Folders that every system has, whatever is installed. */
const COMMON_FOLDERS = [
  '/',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/lib/systemd',
  '/usr/lib/systemd/system',
  '/usr/share',
  '/usr/share/doc',
  '/usr/share/man',
  '/usr/share/man/man5',
  '/usr/share/man/man8',
];

/** Folders that go with the package; rpm leaves one that another package has as well. */
function folders(job: PackageJob): string[] {
  const list = run('find', ['.', '-type', 'd'], { cwd: job.stageFolder });
  const paths = list
    .split('\n')
    .filter(Boolean)
    .map((path) => path.slice(1) || '/');
  const licences = ['/usr/share/licenses', `/usr/share/licenses/${job.program.name}`];
  return [...paths.filter((path) => !COMMON_FOLDERS.includes(path)), ...licences]
    .sort()
    .map((path) => `%dir ${path}`);
}

function spec(job: PackageJob): string {
  const { program, architecture } = job;
  const scripts = rpmScriptlets(program, job.root);
  return [
    '%global debug_package %{nil}',
    '%global __os_install_post %{nil}',
    '%define _build_id_links none',
    '%define _buildhost reproducible',
    '%define use_source_date_epoch_as_buildtime 1',
    '%define clamp_mtime_to_source_date_epoch 1',
    `%define _binary_payload ${job.fast ? 'w3.zstdio' : 'w6T2.xzdio'}`,
    `Name: ${program.name}`,
    `Version: ${PACKAGE_VERSION}`,
    `Release: ${job.revision}`,
    `Summary: ${program.summary}`,
    'License: Apache-2.0 AND MIT',
    `Packager: ${MAINTAINER}`,
    'URL: https://linux-patch.invalid',
    'AutoReqProv: no',
    'Requires: glibc >= 2.28, libstdc++, libatomic, /bin/sh',
    ...program.rpmRequires.map((one) => `Requires(pre,post): ${one}`),
    `ExclusiveArch: ${MACHINE_NAMES[architecture].rpm}`,
    '',
    '%description',
    ...program.description,
    '',
    '%install',
    'mkdir -p %{buildroot}',
    `cp -a ${job.stageFolder}/. %{buildroot}/`,
    '',
    ...Object.entries(scripts).flatMap(([name, text]) => [`%${name}`, literal(text)]),
    '%files',
    '%defattr(-,root,root,-)',
    ...folders(job),
    ...files(job),
    `%license /usr/share/licenses/${program.name}/LICENSE`,
    '',
  ].join('\n');
}

/** Builds the .rpm and returns its path. */
export function buildRpm(job: PackageJob): string {
  const { program, architecture, workFolder, outFolder, root } = job;
  const top = join(workFolder, 'rpm');
  rmSync(top, { recursive: true, force: true });
  mkdirSync(top, { recursive: true });
  const machine = MACHINE_NAMES[architecture].rpm;
  const specFile = join(top, `${program.name}.spec`);
  const licence = join(top, 'LICENSE');
  writeFileSync(licence, ownLicence(root));
  const installLicence = `install -D -m 0644 ${licence} %{buildroot}/usr/share/licenses/${program.name}/LICENSE`;
  writeFileSync(
    specFile,
    spec(job).replace('mkdir -p %{buildroot}', `mkdir -p %{buildroot}\n${installLicence}`),
  );
  run(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${top}`,
      '--define',
      '_dbpath /nonexistent',
      '--target',
      machine,
      specFile,
    ],
    { env: { SOURCE_DATE_EPOCH: String(job.epochS), HOME: top } },
  );
  const name = `${program.name}-${PACKAGE_VERSION}-${job.revision}.${machine}.rpm`;
  const file = join(outFolder, name);
  handOut(join(top, 'RPMS', machine, name), file);
  rmSync(top, { recursive: true });
  return file;
}
