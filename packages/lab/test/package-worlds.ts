import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import type { Backend } from '../../worker/src/package-interface/backends.ts';
import { takeLock } from '../../worker/test/packages/taken-lock.ts';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import { buildPacmanRepository } from '../src/pacman/repository.ts';
import { must } from '../src/process.ts';
import type { RpmRepository } from '../src/rpm/repository.ts';
import { bench } from './apt-bench.ts';
import { type DnfBench, dnfBench, updatedRpmRepository } from './dnf-bench.ts';
import type { PackageWorld, WorldHost } from './package-world.ts';
import { type PacmanBench, pacmanBench } from './pacman-bench.ts';
import { type ZypperBench, zypperBench } from './zypper-bench.ts';

const DOES_EVERYTHING = { knowsSecurity: true, upgradesSome: true, holds: true };

async function aptWorld(): Promise<PackageWorld> {
  const folder = await temporaryFolder();
  const open = async (installed: readonly string[], repository?: ToyRepository) => {
    const { apt, packages, root } = await bench(folder.path, installed, repository);
    const host: WorldHost = {
      root,
      packages,
      hold: async (name) => void must(await apt.run('apt-mark', ['hold', name]), 'apt-mark hold'),
      takeLock: () => takeLock(join(root, 'var/lib/dpkg/lock-frontend')),
    };
    return host;
  };
  return {
    name: 'apt',
    old: '1.0-1',
    next: '1.1-1',
    secure: '1.0-1+deb12u1',
    saysSeverity: false,
    ...DOES_EVERYTHING,
    purges: true,
    host: (installed) => open(installed),
    async spoiledHost(installed) {
      const own = join(folder.path, crypto.randomUUID().slice(0, 8));
      const repository = await buildToyRepository({ folder: own });
      const host = await open(installed, repository);
      return {
        ...host,
        breakSignature: () => repository.breakSignature(),
        takeAway: () => rename(own, `${own}.gone`),
      };
    },
    close: async () => folder[Symbol.asyncDispose](),
  };
}

function dnfHost({ dnf, packages, root }: DnfBench): WorldHost {
  return {
    root,
    packages,
    hold: async (name) => void must(await dnf.dnf('versionlock', 'add', name), 'dnf versionlock'),
    takeLock: () => takeLock(join(root, 'var/lib/rpm/.rpm.lock')),
  };
}

function zypperHost({ zypper, packages, root }: ZypperBench): WorldHost {
  const lock = join(root, 'run/zypp.pid');
  return {
    root,
    packages,
    hold: async (name) => void must(await zypper.zypper('addlock', name), 'zypper addlock'),
    // Whoever works writes its process id there, and empties the file at the end.
    async takeLock() {
      const taken = await takeLock(join(root, 'run/somebody'));
      await writeFile(lock, `${taken.pid}\n`);
      return {
        ...taken,
        async letGo() {
          await writeFile(lock, '');
          await taken.letGo();
        },
      };
    },
  };
}

/** What dnf and zypper share: the kind of repository. */
async function rpmWorld(
  name: 'dnf' | 'zypper',
  open: (folder: string, installed: readonly string[], repository: RpmRepository) => Promise<WorldHost>,
): Promise<PackageWorld> {
  const folder = await temporaryFolder();
  const shared = await updatedRpmRepository(join(folder.path, 'shared'));
  return {
    name,
    old: '1.0-1',
    next: '1.1-1',
    secure: '1.1-1',
    saysSeverity: true,
    ...DOES_EVERYTHING,
    purges: false,
    host: (installed) => open(folder.path, installed, shared),
    async spoiledHost(installed) {
      const own = join(folder.path, crypto.randomUUID().slice(0, 8));
      const repository = await shared.copy(own);
      return {
        ...(await open(folder.path, installed, repository)),
        breakSignature: () => repository.breakSignature('updates'),
        async takeAway() {
          await repository.hide('base');
          await repository.hide('updates');
        },
      };
    },
    async close() {
      await shared[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function pacmanHost({ packages, root }: PacmanBench): WorldHost {
  const config = join(root, 'etc/pacman.conf');
  return {
    root,
    packages,
    async hold(name) {
      const text = await readFile(config, 'utf8');
      await writeFile(config, text.replace('[options]\n', `[options]\nIgnorePkg = ${name}\n`));
    },
    // It is there while somebody works, and open; whoever ends takes it away.
    async takeLock() {
      const path = join(root, 'var/lib/pacman/db.lck');
      const taken = await takeLock(path);
      return {
        ...taken,
        async letGo() {
          await taken.letGo();
          await rm(path);
        },
      };
    },
  };
}

async function pacmanWorld(): Promise<PackageWorld> {
  const folder = await temporaryFolder();
  const shared = await buildPacmanRepository({ folder: join(folder.path, 'shared') });
  return {
    name: 'pacman',
    old: '1.0-1',
    next: '1.1-1',
    secure: '1.1-1',
    saysSeverity: false,
    knowsSecurity: false,
    upgradesSome: false,
    holds: false,
    purges: true,
    host: async (installed) => pacmanHost(await pacmanBench(folder.path, installed, shared)),
    async spoiledHost(installed) {
      const own = await shared.copy(join(folder.path, crypto.randomUUID().slice(0, 8)));
      return {
        ...pacmanHost(await pacmanBench(folder.path, installed, own)),
        breakSignature: () => own.breakSignature(),
        takeAway: () => own.hide(),
      };
    },
    async close() {
      await shared[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Every package manager that this release drives. */
export const WORLDS: Readonly<Record<Backend, () => Promise<PackageWorld>>> = {
  apt: aptWorld,
  dnf: () => rpmWorld('dnf', async (...of) => dnfHost(await dnfBench(...of))),
  zypper: () => rpmWorld('zypper', async (...of) => zypperHost(await zypperBench(...of))),
  pacman: pacmanWorld,
};
