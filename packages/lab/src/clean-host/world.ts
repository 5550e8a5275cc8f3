import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import type { ToyPackage } from '../apt/deb.ts';
import { createSigningKey } from '../apt/signing.ts';
import { publishSuite } from '../apt/suite.ts';
import { BASE_PACKAGES, MAIN_UPDATES, SECURITY_UPDATES } from '../apt/toys.ts';
import { askHost } from '../hosts/ask-host.ts';
import { bootHost, type LabHost } from '../hosts/host.ts';
import { type Flavour, imageOf, librariesOf, RELEASES, releaseOf } from '../hosts/images.ts';
import { type AddressFamily, createLabNetwork, type LabNetwork } from '../hosts/network.ts';
import { type ManagerPlace, type ManagerProcess, startManagerProcess } from '../manager-process.ts';
import { must, runProgram } from '../process.ts';

import {
  buildPacmanStandIn,
  buildRpmStandIn,
  prepareDnf,
  prepareDnf5,
  preparePacman,
  prepareZypper,
} from './stand-ins.ts';

const DAY_MS = 86_400_000;

/** What all cases share: packages under test and the repository that hosts install from. */
export interface LabShelf {
  readonly folder: string;
  /** Folder with the release packages. */
  readonly packages: string;
  /** A signed repository: libraries, and toys with their updates. */
  readonly repository: string;
  /** Starts the manager as its package has it. */
  readonly managerCommand: readonly string[];
  /** Adds a suite to the repository, or replaces it. */
  publish(codename: string, content: SuiteContent): Promise<void>;
}

/** What is special about a host. */
export interface NewHostOptions {
  readonly diskSize?: string;
  /** What it has addresses of, and nothing else; by default IPv4. */
  readonly family?: AddressFamily;
  /** By default `host1`, `host2` and so on; `manager` is the one that every other host knows. */
  readonly name?: string;
  /** Suites of the lab's repository; by default that of its release. */
  readonly suites?: readonly string[];
}

/** One case's own world: a network, hosts, and a manager when it asks for one. */
export interface World extends AsyncDisposable {
  readonly shelf: LabShelf;
  readonly network: LabNetwork;
  /** Boots a clean host. */
  newHost(flavour: Flavour, options?: NewHostOptions): Promise<LabHost>;
  /** Starts a manager at an address that every host reaches; its name is `manager`. */
  startManager(options?: Pick<ManagerPlace, 'configuration' | 'env'>): Promise<ManagerProcess>;
}

/** The agent under test with nothing changed but its version, to upgrade to. */
export const NEXT_AGENT = { version: `${VERSION}-2`, file: `linux-patch-api_${VERSION}-2_amd64.deb` };

async function repackAgent(packages: string, target: string): Promise<void> {
  const name = (await readdir(packages)).find((file) => /^linux-patch-api_.*_amd64\.deb$/.test(file));
  if (!name) throw new Error(`${packages} has no agent`);
  const tree = `${target}.tree`;
  must(await runProgram('dpkg-deb', ['-R', join(packages, name), tree]), 'dpkg-deb -R');
  const control = join(tree, 'DEBIAN/control');
  const text = await readFile(control, 'utf8');
  await writeFile(control, text.replace(/^Version: .*$/m, `Version: ${NEXT_AGENT.version}`));
  must(await runProgram('dpkg-deb', ['-Zzstd', '-z1', '--root-owner-group', '-b', tree, target]), 'dpkg-deb');
  await rm(tree, { recursive: true });
}

/** The manager's program and Node as its package has them. */
async function unpackManager(packages: string, folder: string): Promise<readonly string[]> {
  const file = (await readdir(packages)).find((name) => /^linux-patch-manager_.*_amd64\.deb$/.test(name));
  if (!file) throw new Error(`${packages} has no manager`);
  const tree = join(folder, 'manager-program');
  must(await runProgram('dpkg-deb', ['-x', join(packages, file), tree]), 'dpkg-deb -x');
  const library = join(tree, 'usr/lib/linux-patch-manager');
  return [join(library, 'node'), join(library, 'linux-patch-manager.cjs')];
}

export interface SuiteContent {
  readonly suite?: string;
  readonly label?: string;
  readonly packages?: readonly ToyPackage[];
  /** Names of finished packages in `pool/ready`. */
  readonly ready?: readonly string[];
}

/** Publishes the repository once. */
export async function openShelf(folder: string, packages: string): Promise<LabShelf> {
  const repository = join(folder, 'repository');
  await mkdir(join(repository, 'pool/ready'), { recursive: true });
  const key = await createSigningKey(new Date(Date.now() - DAY_MS));
  await writeFile(join(repository, 'lab.gpg'), key.publicKeyring);
  const publish: LabShelf['publish'] = async (codename, options) => {
    const { suite = 'stable', label = 'Debian', packages: toys = [], ready = [] } = options;
    await publishSuite({
      folder: repository,
      suite: { codename, suite, label },
      packages: toys,
      ready: ready.map((name) => `pool/ready/${name}`),
      key,
      now: new Date(Date.now() - 60_000),
    });
  };
  for (const release of RELEASES) {
    const libraries = await librariesOf(release);
    const names = await readdir(libraries);
    for (const name of names) await copyFile(join(libraries, name), join(repository, 'pool/ready', name));
    await publish(release, { packages: BASE_PACKAGES, ready: names });
  }
  await repackAgent(packages, join(repository, 'pool/ready', NEXT_AGENT.file));
  await publish('updates', { packages: MAIN_UPDATES, ready: [NEXT_AGENT.file] });
  await publish('security', {
    suite: 'stable-security',
    label: 'Debian-Security',
    packages: SECURITY_UPDATES,
  });
  await buildRpmStandIn(repository);
  await buildPacmanStandIn(repository);
  const managerCommand = await unpackManager(packages, folder);
  return { folder, packages, repository, managerCommand, publish };
}

/** Points apt at the lab's repository and nowhere else. */
async function useRepository(host: LabHost, suites: readonly string[]): Promise<void> {
  const sources = join(host.disk, 'etc/apt/sources.list.d');
  await rm(join(host.disk, 'etc/apt/sources.list'), { force: true });
  for (const name of await readdir(sources)) await rm(join(sources, name));
  const lines = [
    ...(suites.length === 0 ? ['Enabled: no'] : []),
    'Types: deb',
    'URIs: file:/srv/repository',
    `Suites: ${suites.join(' ')}`,
    'Components: main',
    'Signed-By: /srv/repository/lab.gpg',
    '',
  ];
  await writeFile(join(sources, 'lab.sources'), lines.join('\n'));
}

/** Lets a host see the updates of the toys, too. */
export async function offerUpdates(host: LabHost, flavour: Flavour): Promise<void> {
  await useRepository(host, [releaseOf(flavour), 'updates', 'security']);
}

/** What the namespaces of a world of this run begin with. @param id of the world; '' for all of them */
export function worldName(id: number | ''): string {
  return `lp${process.pid % 10_000}x${id}`;
}

/** @param id distinguishes worlds that exist at the same time */
export async function openWorld(shelf: LabShelf, id: number): Promise<World> {
  const stack = new AsyncDisposableStack();
  const short = worldName(id);
  const network = stack.use(await createLabNetwork(short));
  const folder = join(shelf.folder, short);
  await mkdir(folder, { recursive: true });
  let count = 0;
  const addresses: Record<string, string> = { manager: network.hubAddress };
  return {
    shelf,
    network,
    async newHost(flavour, { name: given, suites = [releaseOf(flavour)], diskSize, family } = {}) {
      count += 1;
      const name = given ?? `host${count}`;
      const joined = await network.addHost(family);
      if (given !== undefined) addresses[given] = joined.address;
      const image = await imageOf(flavour);
      const host = await bootHost({
        name,
        folder: join(folder, name),
        image,
        network: joined,
        names: addresses,
        mounts: { '/srv/packages': shelf.packages, '/srv/repository': shelf.repository },
        ...(flavour === 'openrc' ? { init: 'sysvinit' as const } : {}),
        ...(diskSize === undefined ? {} : { diskSize }),
      });
      stack.use(host);
      await useRepository(host, suites);
      if (flavour === 'dnf') await prepareDnf(host);
      if (flavour === 'dnf5') await prepareDnf5(host);
      if (flavour === 'zypper') await prepareZypper(host);
      if (flavour === 'pacman') await preparePacman(host);
      return host;
    },
    async startManager(options = {}) {
      const place = { address: network.hubAddress, port: 8443, namespace: network.hub };
      const command = shelf.managerCommand;
      return stack.use(await startManagerProcess(join(folder, 'manager'), { ...place, command, ...options }));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Request {
  readonly id: string;
  readonly fqdn: string;
  readonly state: string;
}

/** What an agent says of itself on its host. */
export interface AgentStatus {
  readonly identity: { readonly status: string; readonly serial: string | null };
  readonly enrollment: { readonly state: string; readonly host_code: string | null } | null;
}

export async function agentStatus(
  host: LabHost,
  env: Readonly<Record<string, string>> = {},
): Promise<AgentStatus> {
  const result = await host.run('linux-patch-api', ['status', '--json'], { env });
  return JSON.parse(result.stdout) as AgentStatus;
}

/** Reads the code on the host and types it at the manager, as a person would. */
export async function approveByCode(host: LabHost, manager: Pick<ManagerProcess, 'json'>): Promise<void> {
  const code = await askHost('the host code', async () => {
    const result = await host.run('linux-patch-api', ['status', '--json']);
    if (result.stdout === '') return undefined;
    return (JSON.parse(result.stdout) as AgentStatus).enrollment?.host_code ?? undefined;
  });
  const request = await askHost('the request', async () => {
    const { enrollments } = (await manager.json('enrollments', 'list')) as { enrollments: Request[] };
    return enrollments.find((one) => one.fqdn.split('.')[0] === host.name);
  });
  await manager.json('enrollments', 'approve', request.id, '--code', code);
}

/** Makes a join token on the manager and puts its join string where agents look, before the package is there. */
export async function placeJoinString(
  hosts: readonly LabHost[],
  manager: Pick<ManagerProcess, 'json'>,
  file = '/etc/linux_patch_api/join',
): Promise<void> {
  const made = await manager.json('tokens', 'create', '--uses', String(hosts.length));
  const { join_string } = made as { join_string: string };
  for (const host of hosts) {
    const script = 'install -D -m 600 /dev/null "$0"; cat >"$0"';
    await host.must('sh', ['-ec', script, file], { input: `${join_string}\n` });
  }
}
