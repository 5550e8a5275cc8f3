import { join, resolve } from 'node:path';
import { must, type ProgramResult, runProgram } from '../process.ts';
import { fillRpmRoot } from './fill-root.ts';
import type { RpmRepository } from './repository.ts';

/** A zypper and rpm of its own: nothing it does touches the machine's packages. It takes root, because rpm changes its root. */
export interface PrivateZypperRoot {
  readonly folder: string;
  /** Runs zypper in this root. */
  zypper(...args: string[]): Promise<ProgramResult>;
  /** Runs rpm on the database of this root; throws when it fails. */
  rpm(...args: string[]): Promise<void>;
  /** Refreshes the lists, and accepts the key of the repository; throws when it fails. */
  update(): Promise<void>;
  /** Installs old versions, which `base` has; throws when it fails. */
  install(names: readonly string[]): Promise<void>;
}

const OS_RELEASE = 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n';

function repositoryFile({ partFolder, keyPath }: RpmRepository, part: 'base' | 'updates'): string {
  return [
    `[lab-${part}]`,
    `name=Lab ${part}`,
    'enabled=1',
    'autorefresh=1',
    `baseurl=file://${partFolder(part)}`,
    'type=rpm-md',
    'gpgcheck=1',
    `gpgkey=file://${keyPath}`,
    '',
  ].join('\n');
}

async function writeRoot(folder: string, repository: RpmRepository, from?: string): Promise<void> {
  const files: Readonly<Record<string, string>> = {
    'etc/os-release': OS_RELEASE,
    'etc/zypp/zypp.conf': '[main]\n',
    'etc/zypp/zypper.conf': '[main]\n',
    'etc/zypp/repos.d/lab-base.repo': repositoryFile(repository, 'base'),
    'etc/zypp/repos.d/lab-updates.repo': repositoryFile(repository, 'updates'),
  };
  await fillRpmRoot(folder, {
    files,
    folders: ['var/log', 'var/tmp', 'tmp', 'run'],
    ...(from === undefined ? {} : { from }),
  });
}

/** Makes a private root at `folder` that installs from `repository`. */
export async function createPrivateZypperRoot(options: {
  readonly folder: string;
  readonly repository: RpmRepository;
  /** A root of the same repository, of which this one becomes a copy with all that is installed. */
  readonly from?: string;
}): Promise<PrivateZypperRoot> {
  const folder = resolve(options.folder);
  await writeRoot(folder, options.repository, options.from);
  const here = (path: string): string => join(folder, path);
  const env = { HOME: here('root'), ZYPP_CONF: here('etc/zypp/zypp.conf'), LC_ALL: 'C.UTF-8' };
  const zypper: PrivateZypperRoot['zypper'] = (...args) =>
    runProgram('/usr/bin/zypper', ['--root', folder, '-n', ...args], { env });
  return {
    folder,
    zypper,
    async rpm(...args) {
      must(await runProgram('rpm', ['--dbpath', here('var/lib/rpm'), ...args], { env }), 'rpm');
    },
    async update() {
      must(await zypper('--gpg-auto-import-keys', 'refresh'), 'zypper refresh');
    },
    async install(names) {
      must(await zypper('--no-refresh', 'install', '--repo', 'lab-base', ...names), 'zypper install');
    },
  };
}
