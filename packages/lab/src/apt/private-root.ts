import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { must, type ProgramResult, runProgram } from '../process.ts';
import { refreshLists } from './lists.ts';
import type { AptSource } from './repository.ts';

/** An apt and dpkg of its own: nothing it does touches the machine's packages. */
export interface PrivateAptRoot {
  readonly folder: string;
  /** What apt and dpkg need in their environment to work in this root. */
  readonly env: Readonly<Record<string, string>>;
  /** The configuration that keeps apt inside the folder (`APT_CONFIG`). */
  readonly aptConfigPath: string;
  /** Runs a program of apt or dpkg in this root. */
  run(program: string, args: readonly string[]): Promise<ProgramResult>;
  /** `apt-get update`; throws when it fails. */
  update(): Promise<void>;
  /** `apt-get install` of names or `name=version`; throws when it fails. */
  install(names: readonly string[]): Promise<void>;
}

const FOLDERS = [
  'etc/apt/apt.conf.d',
  'etc/apt/preferences.d',
  'etc/apt/sources.list.d',
  'etc/apt/trusted.gpg.d',
  'var/lib/apt/lists/partial',
  'var/cache/apt/archives/partial',
  'var/lib/dpkg/info',
  'var/lib/dpkg/updates',
  'var/lib/dpkg/triggers',
  'var/lib/dpkg/alternatives',
  'var/lib/dpkg/parts',
  'var/log/apt',
  'usr',
  'run',
  'tmp',
];

const OS_RELEASE = [
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
  'NAME="Debian GNU/Linux"',
  'VERSION_ID="12"',
  'VERSION="12 (bookworm)"',
  'VERSION_CODENAME=bookworm',
  'ID=debian',
  '',
].join('\n');

/** The configuration that keeps apt and dpkg inside `root`; the agent looks for it under this name (apt.conf(5)). */
const PRIVATE_APT_CONFIG = 'etc/apt/linux-patch-root.conf';

function aptConfig(root: string, architecture: string): string {
  return [
    `Dir "${root}/";`,
    `Dir::State::status "${root}/var/lib/dpkg/status";`,
    `Dir::Log "${root}/var/log/apt";`,
    'Dir::Bin::dpkg "/usr/bin/dpkg";',
    'Dir::Bin::methods "/usr/lib/apt/methods";',
    `APT::Architecture "${architecture}";`,
    `APT::Architectures:: "${architecture}";`,
    // Downloads run as the caller: `_apt` could not enter the folder, and an ordinary user cannot become it.
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    // A proxy of the machine does not reach the loopback of the tests (apt-transport-http(1)).
    'Acquire::http::Proxy::127.0.0.1 "DIRECT";',
    // Inside a container apt would call itself chrooted and take phased updates early.
    'Dir::Bin::ischroot "/bin/false";',
    `DPkg::Options:: "--root=${root}";`,
    'DPkg::Options:: "--force-script-chrootless";',
    'DPkg::Options:: "--force-not-root";',
    'DPkg::Options:: "--force-bad-path";',
    `DPkg::Options:: "--log=${root}/var/log/dpkg.log";`,
    '',
  ].join('\n');
}

function sources(source: AptSource): string {
  return [
    'Types: deb',
    `URIs: ${source.uri}`,
    `Suites: ${source.suites.join(' ')}`,
    'Components: main',
    `Signed-By: ${source.keyringPath}`,
    '',
  ].join('\n');
}

/**
 * apt draws by machine-id, package and version whether a host is among those that get a phased update, draws one host of a
 * hundred even for 0 %, and all that have no id. This one is drawn for none of the toys.
 */
const MACHINE_ID = '5'.repeat(32);

async function writeRoot(folder: string, source: AptSource): Promise<void> {
  for (const name of FOLDERS) await mkdir(join(folder, name), { recursive: true });
  for (const name of ['var/lib/dpkg/status', 'var/lib/dpkg/available', 'var/lib/apt/extended_states']) {
    await writeFile(join(folder, name), '');
  }
  const architecture = (await runProgram('dpkg', ['--print-architecture'])).stdout.trim();
  await writeFile(join(folder, PRIVATE_APT_CONFIG), aptConfig(folder, architecture));
  await writeFile(join(folder, 'etc/apt/sources.list.d/lab.sources'), sources(source));
  await writeFile(join(folder, 'etc/os-release'), OS_RELEASE);
  await writeFile(join(folder, 'etc/machine-id'), `${MACHINE_ID}\n`);
}

/** Makes a private root at `folder` that installs from `repository`, built here or served; works without root. */
export async function createPrivateAptRoot(options: {
  readonly folder: string;
  readonly repository: AptSource;
}): Promise<PrivateAptRoot> {
  const folder = resolve(options.folder);
  await writeRoot(folder, options.repository);
  const aptConfigPath = join(folder, PRIVATE_APT_CONFIG);
  const env = {
    APT_CONFIG: aptConfigPath,
    DPKG_ROOT: folder,
    DPKG_FORCE: 'script-chrootless,not-root,bad-path',
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C.UTF-8',
  };
  const run: PrivateAptRoot['run'] = (program, args) => runProgram(program, args, { env });
  return {
    folder,
    env,
    aptConfigPath,
    run,
    async update() {
      await refreshLists({ run });
    },
    async install(names) {
      must(await run('apt-get', ['install', '-y', '-q', '--', ...names]), 'apt-get install');
    },
  };
}
