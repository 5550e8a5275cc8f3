import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshLists } from '../apt/lists.ts';
import type { LabHost } from '../hosts/host.ts';
import type { Flavour } from '../hosts/images.ts';
import type { ProgramResult } from '../process.ts';
import { must } from '../process.ts';

const ENDINGS: Readonly<Record<Flavour, string>> = {
  debian12: '_amd64.deb',
  debian13: '_amd64.deb',
  openrc: '_amd64.deb',
  dnf: '.x86_64.rpm',
  dnf5: '.x86_64.rpm',
  zypper: '.x86_64.rpm',
  pacman: '-x86_64.pkg.tar.zst',
};

/** The file of a package on the shelf, as a host sees it. */
export async function packageFile(
  host: LabHost,
  flavour: Flavour,
  name = 'linux-patch-api',
  folder = '/srv/packages',
): Promise<string> {
  const files = await readdir(join(host.disk, folder)).catch(() => []);
  const listed = files.length > 0 ? files : (await host.must('ls', [folder])).split('\n');
  const pattern = new RegExp(`^${name}[-_]\\d`);
  const file = listed.find((one) => pattern.test(one) && one.endsWith(ENDINGS[flavour]));
  if (!file)
    throw new Error(`there is no package of ${name} for ${flavour}; run npm run build:packages -- --fast`);
  return `${folder}/${file}`;
}

const MANAGE: Readonly<
  Record<
    'deb' | 'rpm' | 'zypper' | 'pacman',
    { install: readonly string[]; remove: readonly string[]; purge?: readonly string[] }
  >
> = {
  deb: {
    install: ['apt-get', 'install', '-y', '-qq', '-o', 'Dpkg::Options::=--force-confold'],
    remove: ['apt-get', 'remove', '-y', '-qq'],
    purge: ['apt-get', 'purge', '-y', '-qq'],
  },
  rpm: { install: ['dnf', '-y', 'install'], remove: ['dnf', '-y', '-q', 'remove'] },
  zypper: {
    install: ['zypper', '-n', 'install', '--allow-unsigned-rpm'],
    remove: ['zypper', '-n', 'remove'],
  },
  pacman: { install: ['pacman', '--noconfirm', '-U'], remove: ['pacman', '--noconfirm', '-R'] },
};

/** Whether an administrator of such a host types `dnf`, of whichever generation. */
export function isDnf(flavour: Flavour): boolean {
  return flavour === 'dnf' || flavour === 'dnf5';
}

function manageOf(flavour: Flavour) {
  if (isDnf(flavour)) return MANAGE.rpm;
  return flavour === 'pacman' || flavour === 'zypper' ? MANAGE[flavour] : MANAGE.deb;
}

/** The command that installs a package file which is added to it. */
export function installCommand(flavour: Flavour): readonly string[] {
  return manageOf(flavour).install;
}

/** Installs the agent (or the manager) from its package, as an administrator would. */
export async function installPackage(
  host: LabHost,
  flavour: Flavour,
  options: { readonly env?: Readonly<Record<string, string>>; readonly name?: string } = {},
): Promise<ProgramResult> {
  const [program = '', ...args] = installCommand(flavour);
  if (program === 'apt-get') await refreshLists(host);
  const file = await packageFile(host, flavour, options.name);
  const environment = { DEBIAN_FRONTEND: 'noninteractive', ...options.env };
  return must(await host.run(program, [...args, file], { env: environment }), `installing on ${flavour}`);
}

/** Runs a command that installs where no init runs: no /run, nothing to talk to, as in a container or an image build. */
export function installInImage(host: LabHost, command: readonly string[]): Promise<ProgramResult> {
  const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
  const args = ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-ec', script, 'sh', ...command];
  return host.run('unshare', args);
}

/** The same version once more, which is an upgrade to the maintainer scripts. */
export async function reinstallPackage(host: LabHost, flavour: Flavour): Promise<void> {
  const file = await packageFile(host, flavour);
  if (isDnf(flavour) || flavour === 'zypper') await host.must('rpm', ['-U', '--force', file]);
  else if (flavour === 'pacman') await host.must('pacman', ['--noconfirm', '-U', file]);
  else await host.must('dpkg', ['-i', '--force-confold', file]);
}

/** Where hosts see the packages of the earlier release. */
const EARLIER_FOLDER = '/srv/packages/earlier';

/** Installs the agent of an earlier release; where a newer one is there, in its place. */
export async function installEarlier(
  host: LabHost,
  flavour: Flavour,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const file = await packageFile(host, flavour, 'linux-patch-api', EARLIER_FOLDER);
  const installed = (await host.run('test', ['-e', '/usr/bin/linux-patch-api'])).exitCode === 0;
  const [program = '', ...args] = installCommand(flavour);
  const words = isDnf(flavour) && installed ? ['-y', 'downgrade'] : args;
  const older = program === 'apt-get' ? ['--allow-downgrades'] : [];
  await host.must(program, [...words, ...older, file], {
    env: { DEBIAN_FRONTEND: 'noninteractive', ...env },
  });
}

/** Installs the agent under test where an older one is. */
export async function upgradePackage(host: LabHost, flavour: Flavour): Promise<void> {
  const file = await packageFile(host, flavour);
  if (isDnf(flavour)) await host.must('dnf', ['-y', '-q', 'upgrade', file]);
  else await reinstallPackage(host, flavour);
}

/** Installs the next package of the same version, or with `back` the one before it again. */
export async function changePackage(host: LabHost, flavour: 'dnf' | 'pacman', back: boolean): Promise<void> {
  const folder = back ? '/srv/packages' : '/srv/packages/next';
  const file = await packageFile(host, flavour, 'linux-patch-api', folder);
  if (flavour === 'pacman') await host.must('pacman', ['--noconfirm', '-U', file]);
  else await host.must('dnf', ['-y', '-q', back ? 'downgrade' : 'upgrade', file]);
}

export async function removePackage(
  host: LabHost,
  flavour: Flavour,
  how: 'remove' | 'purge' = 'remove',
): Promise<void> {
  const [program = '', ...args] = manageOf(flavour)[how] ?? [];
  if (program === '') throw new Error(`${flavour} has no ${how}`);
  await host.must(program, [...args, 'linux-patch-api']);
}

/** Writes the one line that joins a host to a manager, and whatever else. */
export async function configureAgent(host: LabHost, lines: readonly string[]): Promise<void> {
  await writeFile(join(host.disk, 'etc/linux_patch_api/config.yaml'), `${lines.join('\n')}\n`, {
    mode: 0o600,
  });
}
