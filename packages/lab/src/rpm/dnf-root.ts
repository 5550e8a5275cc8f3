import { join, resolve } from 'node:path';
import { must, type ProgramResult, runProgram } from '../process.ts';
import { fillRpmRoot } from './fill-root.ts';
import type { RpmRepository } from './repository.ts';

/** A dnf and rpm of its own: nothing it does touches the machine's packages. It takes root, because rpm changes its root. */
export interface PrivateDnfRoot {
  readonly folder: string;
  /** Runs dnf in this root. */
  dnf(...args: string[]): Promise<ProgramResult>;
  /** Runs rpm on the database of this root; throws when it fails. */
  rpm(...args: string[]): Promise<void>;
  /** Refreshes the lists, and accepts the key of the repository; throws when it fails. */
  update(): Promise<void>;
  /** Installs `name` or `name-version`; throws when it fails. */
  install(names: readonly string[]): Promise<void>;
}

const OS_RELEASE = 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n';
const DNF_CONF = '[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n';

function repositories({ partFolder, keyPath }: RpmRepository): string {
  return (['base', 'updates'] as const)
    .map((part) =>
      [
        `[lab-${part}]`,
        `name=Lab ${part}`,
        `baseurl=file://${partFolder(part)}`,
        'gpgcheck=1',
        'repo_gpgcheck=1',
        `gpgkey=file://${keyPath}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}

async function writeRoot(folder: string, repository: RpmRepository, from?: string): Promise<void> {
  const list = join(folder, 'etc/dnf/plugins/versionlock.list');
  const files: Readonly<Record<string, string>> = {
    'etc/os-release': OS_RELEASE,
    'etc/dnf/dnf.conf': DNF_CONF,
    'etc/dnf/vars/releasever': '9\n',
    'etc/dnf/plugins/versionlock.conf': `[main]\nenabled=1\nlocklist=${list}\n`,
    'etc/dnf/plugins/versionlock.list': '',
    // The plugins of Debian that this host has nothing to do with.
    'etc/dnf/plugins/local.conf': '[main]\nenabled=0\n',
    'etc/yum.repos.d/lab.repo': repositories(repository),
  };
  await fillRpmRoot(folder, { files, folders: ['var/log', 'tmp'], ...(from === undefined ? {} : { from }) });
}

/** Makes a private root at `folder` that installs from `repository`. */
export async function createPrivateDnfRoot(options: {
  readonly folder: string;
  readonly repository: RpmRepository;
  /** A root of the same repository, of which this one becomes a copy with all that is installed. */
  readonly from?: string;
}): Promise<PrivateDnfRoot> {
  const folder = resolve(options.folder);
  await writeRoot(folder, options.repository, options.from);
  const here = (path: string): string => join(folder, path);
  const own = [
    `--installroot=${folder}`,
    `--config=${here('etc/dnf/dnf.conf')}`,
    '--releasever=9',
    `--setopt=reposdir=${here('etc/yum.repos.d')}`,
    `--setopt=cachedir=${here('var/cache/dnf')}`,
    `--setopt=pluginconfpath=${here('etc/dnf/plugins')}`,
  ];
  const env = { HOME: here('root'), LC_ALL: 'C.UTF-8' };
  const dnf: PrivateDnfRoot['dnf'] = (...args) =>
    runProgram('/usr/bin/dnf', [...own, '-y', ...args], { env });
  return {
    folder,
    dnf,
    async rpm(...args) {
      must(await runProgram('rpm', ['--dbpath', here('var/lib/rpm'), ...args], { env }), 'rpm');
    },
    async update() {
      must(await dnf('makecache', '--refresh'), 'dnf makecache');
    },
    async install(names) {
      must(await dnf('install', ...names), 'dnf install');
    },
  };
}
