import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToyPackage } from '../apt/deb.ts';
import { createSigningKey } from '../apt/signing.ts';
import { publishSuite } from '../apt/suite.ts';
import { BASE_PACKAGES, MAIN_UPDATES, SECURITY_UPDATES } from '../apt/toys.ts';
import { bootHost, type LabHost } from '../hosts/host.ts';
import { type Flavour, imageOf, librariesOf, RELEASES, releaseOf } from '../hosts/images.ts';
import { createLabNetwork, type LabNetwork } from '../hosts/network.ts';
import { type ManagerProcess, startManagerProcess } from '../manager-process.ts';
import { must, runProgram } from '../process.ts';
import { askUntil } from '../wait.ts';

import { buildPacmanStandIn, buildRpmStandIn, prepareDnf, preparePacman } from './stand-ins.ts';

const DAY_MS = 86_400_000;

/** What all cases share: packages under test and the repository that hosts install from. */
export interface LabShelf {
  readonly folder: string;
  /** Folder with the release packages. */
  readonly packages: string;
  /** A signed repository: libraries, and toys with their updates. */
  readonly repository: string;
}

/** One case's own world: a network, hosts, and a manager when it asks for one. */
export interface World extends AsyncDisposable {
  readonly network: LabNetwork;
  /** Boots a clean host. */
  newHost(flavour: Flavour, options?: { readonly diskSize?: string }): Promise<LabHost>;
  /** Starts a manager at an address that every host reaches; its name is `manager`. */
  startManager(): Promise<ManagerProcess>;
}

/** The agent under test with nothing changed but its version, to upgrade to. */
export const NEXT_AGENT = { version: '1.2.0-2', file: 'linux-patch-api_1.2.0-2_amd64.deb' };

async function repackAgent(packages: string, target: string): Promise<void> {
  const name = (await readdir(packages)).find((file) => /^linux-patch-api_.*_amd64\.deb$/.test(file));
  if (!name) throw new Error(`${packages} has no agent`);
  const tree = `${target}.tree`;
  must(await runProgram('dpkg-deb', ['-R', join(packages, name), tree]), 'dpkg-deb -R');
  const control = join(tree, 'DEBIAN/control');
  const text = await readFile(control, 'utf8');
  await writeFile(control, text.replace(/^Version: .*$/m, `Version: ${NEXT_AGENT.version}`));
  must(await runProgram('dpkg-deb', ['-Zgzip', '-z1', '--root-owner-group', '-b', tree, target]), 'dpkg-deb');
  await rm(tree, { recursive: true });
}

interface SuiteContent {
  readonly suite?: string;
  readonly label?: string;
  readonly packages?: readonly ToyPackage[];
  readonly ready?: readonly string[];
}

/** Publishes the repository once. */
export async function openShelf(folder: string, packages: string): Promise<LabShelf> {
  const repository = join(folder, 'repository');
  await mkdir(join(repository, 'pool/ready'), { recursive: true });
  const key = await createSigningKey(new Date(Date.now() - DAY_MS));
  await writeFile(join(repository, 'lab.gpg'), key.publicKeyring);
  const publish = async (codename: string, options: SuiteContent): Promise<void> => {
    const { suite = 'stable', label = 'Debian', packages: toys = [], ready = [] } = options;
    const now = new Date(Date.now() - 60_000);
    await publishSuite({
      folder: repository,
      suite: { codename, suite, label },
      packages: toys,
      ready,
      key,
      now,
    });
  };
  for (const release of RELEASES) {
    const libraries = await librariesOf(release);
    const names = await readdir(libraries);
    for (const name of names) await copyFile(join(libraries, name), join(repository, 'pool/ready', name));
    await publish(release, { packages: BASE_PACKAGES, ready: names.map((name) => `pool/ready/${name}`) });
  }
  await repackAgent(packages, join(repository, 'pool/ready', NEXT_AGENT.file));
  const next = [`pool/ready/${NEXT_AGENT.file}`];
  await publish('updates', { packages: MAIN_UPDATES, ready: next });
  await publish('security', {
    suite: 'stable-security',
    label: 'Debian-Security',
    packages: SECURITY_UPDATES,
  });
  await buildRpmStandIn(repository);
  await buildPacmanStandIn(repository);
  return { folder, packages, repository };
}

/** Points apt at the lab's repository and nowhere else. */
async function useRepository(host: LabHost, suites: readonly string[]): Promise<void> {
  const sources = join(host.disk, 'etc/apt/sources.list.d');
  await rm(join(host.disk, 'etc/apt/sources.list'), { force: true });
  for (const name of await readdir(sources)) await rm(join(sources, name));
  const lines = [
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

/** @param id distinguishes worlds that exist at the same time */
export async function openWorld(shelf: LabShelf, id: number): Promise<World> {
  const stack = new AsyncDisposableStack();
  const short = `lp${process.pid % 10_000}x${id}`;
  const network = stack.use(await createLabNetwork(short));
  const folder = join(shelf.folder, short);
  await mkdir(folder, { recursive: true });
  let count = 0;
  return {
    network,
    async newHost(flavour, options = {}) {
      count += 1;
      const name = `host${count}`;
      const image = await imageOf(flavour);
      const host = await bootHost({
        name,
        folder: join(folder, name),
        image,
        network: await network.addHost(),
        names: { manager: network.hubAddress },
        mounts: { '/srv/packages': shelf.packages, '/srv/repository': shelf.repository },
        ...(flavour === 'openrc' ? { init: 'sysvinit' as const } : {}),
        ...options,
      });
      stack.use(host);
      await useRepository(host, [releaseOf(flavour)]);
      if (flavour === 'dnf') await prepareDnf(host);
      if (flavour === 'pacman') await preparePacman(host);
      return host;
    },
    async startManager() {
      const place = { address: network.hubAddress, port: 8443, namespace: network.hub };
      return stack.use(await startManagerProcess(join(folder, 'manager'), place));
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

export async function agentStatus(host: LabHost): Promise<AgentStatus> {
  const result = await host.run('linux-patch-api', ['status', '--json']);
  return JSON.parse(result.stdout) as AgentStatus;
}

/** Reads the code on the host and types it at the manager, as a person would. */
export async function approveByCode(host: LabHost, manager: ManagerProcess): Promise<void> {
  const code = await askUntil('the host code', async () => {
    const result = await host.run('linux-patch-api', ['status', '--json']);
    if (result.stdout === '') return undefined;
    return (JSON.parse(result.stdout) as AgentStatus).enrollment?.host_code ?? undefined;
  });
  const request = await askUntil('the request', async () => {
    const { enrollments } = (await manager.json('enrollments', 'list')) as { enrollments: Request[] };
    return enrollments.find((one) => one.fqdn.split('.')[0] === host.name);
  });
  await manager.json('enrollments', 'approve', request.id, '--code', code);
}
