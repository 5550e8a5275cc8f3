import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { refreshLists } from '../apt/lists.ts';
import type { LabHost } from '../hosts/host.ts';
import type { Flavour } from '../hosts/images.ts';
import { fileOf } from '../pacman/build.ts';
import { addKey, pacmanConfig } from '../pacman/private-root.ts';
import { buildPacmanRepository, type PacmanRepository } from '../pacman/repository.ts';
import { buildRpmRepository, type RpmRepository } from '../rpm/repository.ts';
import { putFile } from './stand-ins.ts';
import { type LabShelf, offerUpdates } from './world.ts';

/** Where hosts see the repository of the shelf. */
const SEEN = '/srv/repository';
/** What a host runs from its start to its end, in two versions. */
const CORE = 'dbus-broker';

/** A host with the packages of its distribution, as its administrator works with them. */
export interface Distribution {
  /** What the agent calls the program that holds the package database. */
  readonly program: RegExp;
  /** The ordinary newer version of a toy, and the one of `toylib` that mends a fault. */
  readonly next: string;
  readonly secure: string;
  /** Whether its sources say which updates mend faults; how bad those are, and by which notice. */
  readonly knowsSecurity: boolean;
  readonly saysSeverity: boolean;
  /** Whether it can hold packages, and update single ones. */
  readonly holds: boolean;
  /** Something whose update wants a reboot. */
  readonly core: string;
  /** Has old versions installed; newer ones are on offer afterwards. */
  setUp(host: LabHost, installed: readonly string[]): Promise<void>;
  /** Names and versions of these, as the distribution's own program has them; those that are not installed are left out. */
  versions(host: LabHost, names: readonly string[]): Promise<string[]>;
  /** Brings back the old version of `toyslow`, or takes it away, so that it can come again. */
  rewind(host: LabHost): Promise<void>;
  /** What an administrator types to get `toyslow`, whose script then waits. */
  readonly typed: readonly string[];
  /** Lets the script of `toyslow` go on. */
  letGo(host: LabHost): Promise<void>;
}

const OLD = ['toyhello', 'toylib', 'toyapp', 'toyheld'];

/** Lines of a program that has one package in each; a package that is not there is a line of another kind. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^toy\w+ \S+$/.test(line))
    .sort();
}

const GO = '/tmp/toyslow-go';

const APT: Distribution = {
  program: /apt-get|dpkg/,
  next: '1.1-1',
  secure: '1.0-1+deb12u1',
  knowsSecurity: true,
  saysSeverity: false,
  holds: true,
  core: 'toyreboot',
  async setUp(host, installed) {
    await refreshLists(host);
    await host.must('apt-get', ['install', '-y', '-qq', ...OLD, 'toyreboot', ...installed]);
  },
  async versions(host, names) {
    const format = '${db:Status-Abbrev}${Package} ${Version}\\n';
    const { stdout } = await host.run('dpkg-query', ['-W', '-f', format, ...names]);
    return linesOf(stdout.replaceAll(/^[ih]i +/gm, ''));
  },
  async rewind(host) {
    await host.must('rm', ['-f', GO]);
    await host.must('apt-get', ['purge', '-y', '-qq', 'toyslow']);
  },
  typed: ['apt-get', 'install', '-y', '-qq', 'toyslow'],
  letGo: async (host) => void (await host.must('touch', [GO])),
};

function repositoryFile(part: 'base' | 'updates', more: readonly string[]): string {
  return [
    `[lab-${part}]`,
    `name=Lab ${part}`,
    'enabled=1',
    `baseurl=file://${SEEN}/rpm/${part}`,
    'gpgcheck=1',
    `gpgkey=file://${SEEN}/rpm/lab.key`,
    ...more,
    '',
  ].join('\n');
}

const RPM = {
  next: '1.1-1',
  secure: '1.1-1',
  knowsSecurity: true,
  saysSeverity: true,
  holds: true,
  core: CORE,
  async versions(host, names) {
    const { stdout } = await host.run('rpm', ['-q', '--qf', '%{NAME} %{VERSION}-%{RELEASE}\\n', ...names]);
    return linesOf(stdout);
  },
  letGo: async (host) => void (await host.must('touch', [GO])),
} satisfies Partial<Distribution>;

const dnfOf = (osRelease: string): Distribution => ({
  ...RPM,
  program: /dnf/,
  async setUp(host, installed) {
    await putFile(host, 'etc/os-release', osRelease);
    for (const part of ['base', 'updates'] as const)
      await putFile(host, `etc/yum.repos.d/lab-${part}.repo`, repositoryFile(part, ['repo_gpgcheck=1']));
    const names = [...OLD, CORE, 'toyslow', ...installed];
    await host.must('dnf', ['-y', '-q', '--disablerepo=lab-updates', 'install', ...names]);
  },
  async rewind(host) {
    await host.must('rm', ['-f', GO]);
    await host.must('dnf', ['-y', '-q', 'downgrade', 'toyslow-1.0']);
  },
  typed: ['dnf', '-y', 'upgrade', 'toyslow'],
});
const DNF = dnfOf('NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n');
const DNF5 = dnfOf('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=43\n');

const ZYPPER: Distribution = {
  ...RPM,
  program: /zypper|rpm/i,
  async setUp(host, installed) {
    await putFile(
      host,
      'etc/os-release',
      'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
    );
    for (const part of ['base', 'updates'] as const)
      await putFile(
        host,
        `etc/zypp/repos.d/lab-${part}.repo`,
        repositoryFile(part, ['autorefresh=1', 'type=rpm-md']),
      );
    await host.must('zypper', ['-n', '--gpg-auto-import-keys', 'refresh']);
    const names = [...OLD, CORE, 'toyslow', ...installed];
    await host.must('zypper', ['-n', '--no-refresh', 'install', '--repo', 'lab-base', ...names]);
  },
  async rewind(host) {
    await host.must('rm', ['-f', GO]);
    await host.must('zypper', ['-n', '--no-refresh', 'install', '--oldpackage', 'toyslow=1.0-1']);
  },
  typed: ['zypper', '-n', '--no-refresh', 'update', 'toyslow'],
};

const PIPE = '/tmp/toyslow';
const SERVED = `${SEEN}/pacman/served`;
const oldFile = (name: string): string => `${SERVED}/${fileOf({ name, version: '1.0-1' })}`;

const PACMAN: Distribution = {
  program: /pacman/,
  next: '1.1-1',
  secure: '1.1-1',
  knowsSecurity: false,
  saysSeverity: false,
  holds: false,
  core: CORE,
  async setUp(host, installed) {
    await putFile(host, 'etc/os-release', 'NAME="Arch Linux"\nID=arch\n');
    await putFile(host, 'etc/pacman.conf', pacmanConfig(SERVED));
    await addKey(join(host.disk, 'etc/pacman.d/gnupg'), join(host.disk, 'etc/lab.gpg'));
    // What a host knows that was last synchronized when it was installed.
    const databases = `mkdir -p /var/lib/pacman/sync && cp -p ${SEEN}/pacman/base/lab.db* /var/lib/pacman/sync/`;
    await host.must('sh', ['-ec', `${databases}; mkfifo ${PIPE}`]);
    const names = [...OLD, CORE, 'toyslow', ...installed];
    await host.must('pacman', ['-U', '--noconfirm', ...names.map(oldFile)]);
    // Where pacman keeps what it downloaded, which is where it has old versions from.
    await host.must('cp', [...names.map(oldFile), '/var/cache/pacman/pkg/']);
  },
  async versions(host, names) {
    return linesOf((await host.run('pacman', ['-Q', ...names])).stdout);
  },
  async rewind(host) {
    await host.must('pacman', ['-U', '--noconfirm', oldFile('toyslow')]);
    await host.must('mkfifo', [PIPE]);
  },
  typed: ['pacman', '-Sy', '--noconfirm', 'toyslow'],
  // Whoever comes later finds no pipe to wait at; after a kill nobody waits at this one.
  letGo: async (host) =>
    void (await host.must('sh', ['-c', `timeout 1 sh -c 'echo go >${PIPE}'; rm -f ${PIPE}`])),
};

const CORE_VERSIONS = [
  { name: CORE, version: '1.0' },
  { name: CORE, version: '1.1' },
] as const;

async function rpmRepository(folder: string): Promise<RpmRepository> {
  const repository = await buildRpmRepository({ folder });
  const [before, after] = CORE_VERSIONS;
  await repository.publish('base', [before]);
  await repository.publish('updates', [after]);
  await repository.publishUpdates();
  await cp(repository.keyPath, join(folder, 'lab.key'));
  return repository;
}

async function pacmanRepository(folder: string): Promise<PacmanRepository> {
  const repository = await buildPacmanRepository({ folder });
  for (const { name, version } of CORE_VERSIONS)
    await repository.publish([{ name, version: `${version}-1` }]);
  return repository;
}

const made = new Map<string, Promise<AsyncDisposable>>();

/** Makes the repository of a kind on the shelf, once. */
async function once(shelf: LabShelf, kind: 'rpm' | 'pacman'): Promise<string> {
  const folder = join(shelf.repository, kind);
  if (!made.has(kind)) {
    await mkdir(folder, { recursive: true });
    made.set(kind, kind === 'rpm' ? rpmRepository(folder) : pacmanRepository(folder));
  }
  await made.get(kind);
  return folder;
}

/** The distribution that a flavour stands for, with a host of it set up. */
export async function distributionOf(
  shelf: LabShelf,
  flavour: Flavour,
  host: LabHost,
  installed: readonly string[],
): Promise<Distribution> {
  if (flavour === 'pacman') {
    const folder = await once(shelf, 'pacman');
    await cp(join(folder, 'key/key.gpg'), join(host.disk, 'etc/lab.gpg'));
    await PACMAN.setUp(host, installed);
    return PACMAN;
  }
  if (flavour === 'dnf' || flavour === 'dnf5' || flavour === 'zypper') {
    await once(shelf, 'rpm');
    const one = { dnf: DNF, dnf5: DNF5, zypper: ZYPPER }[flavour];
    await one.setUp(host, installed);
    return one;
  }
  await APT.setUp(host, installed);
  await offerUpdates(host, flavour);
  return APT;
}
