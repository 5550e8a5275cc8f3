import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import type { Backend } from '../../worker/src/package-interface/backends.ts';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import { must } from '../src/process.ts';
import { buildRpmRepository } from '../src/rpm/repository.ts';
import { bench } from './apt-bench.ts';
import { type DnfBench, dnfBench, updatedRpmRepository } from './dnf-bench.ts';
import type { PackageWorld, WorldHost } from './package-world.ts';

async function aptWorld(): Promise<PackageWorld> {
  const folder = await temporaryFolder();
  const open = async (installed: readonly string[], repository?: ToyRepository) => {
    const { apt, packages, root } = await bench(folder.path, installed, repository);
    const host: WorldHost = {
      root,
      packages,
      hold: async (name) => void must(await apt.run('apt-mark', ['hold', name]), 'apt-mark hold'),
      lockFile: join(root, 'var/lib/dpkg/lock-frontend'),
    };
    return host;
  };
  return {
    name: 'apt',
    old: '1.0-1',
    next: '1.1-1',
    secure: '1.0-1+deb12u1',
    saysSeverity: false,
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
    lockFile: join(root, 'var/lib/rpm/.rpm.lock'),
  };
}

async function dnfWorld(): Promise<PackageWorld> {
  const folder = await temporaryFolder();
  const shared = await updatedRpmRepository(join(folder.path, 'shared'));
  const spoiled: AsyncDisposable[] = [shared];
  return {
    name: 'dnf',
    old: '1.0-1',
    next: '1.1-1',
    secure: '1.1-1',
    saysSeverity: true,
    purges: false,
    host: async (installed) => dnfHost(await dnfBench(folder.path, installed, shared)),
    async spoiledHost(installed) {
      const own = join(folder.path, crypto.randomUUID().slice(0, 8));
      const repository = await buildRpmRepository({ folder: own });
      spoiled.push(repository);
      await repository.publishUpdates();
      return {
        ...dnfHost(await dnfBench(folder.path, installed, repository)),
        breakSignature: () => repository.breakSignature('updates'),
        async takeAway() {
          await repository.hide('base');
          await repository.hide('updates');
        },
      };
    },
    async close() {
      for (const one of spoiled) await one[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Every package manager that this release drives. */
export const WORLDS: Readonly<Record<Backend, () => Promise<PackageWorld>>> = {
  apt: aptWorld,
  dnf: dnfWorld,
};
