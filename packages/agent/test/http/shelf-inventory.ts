import { createHash } from 'node:crypto';
import type { Package, PackageDetail, Patch } from '@linux-patch/contract';
import type { PackageInventory } from '@linux-patch/worker';

const PUBLISHED_AT_MS = Date.now() - 3_600_000;

interface Shelf {
  version: string;
  available: string;
  security: boolean;
  held: boolean;
}

const noPlan = () => Promise.reject(new Error('this shelf makes no plans'));

async function sources() {
  return [
    {
      id: 'http://toys.example stable',
      uri: 'http://toys.example/dists/stable/',
      label: 'Toy',
      suite: 'stable',
      codename: undefined,
      security: true,
      present: true,
      publishedAtMs: PUBLISHED_AT_MS,
      servedAtMs: undefined,
      fetchedAtMs: undefined,
      validUntilMs: undefined,
    },
  ];
}

/** A small package manager in memory: what is installed, what is newer, and what it takes to get there. */
export function shelfInventory(): PackageInventory {
  const shelf = new Map<string, Shelf>([
    ['alpha', { version: '1.9', available: '1.9', security: false, held: false }],
    ['beta', { version: '1.10', available: '1.11', security: true, held: false }],
    ['gamma', { version: '0.2', available: '0.3', security: false, held: true }],
  ]);
  const describe = ([name, item]: [string, Shelf], index: number): Package => ({
    name,
    version: item.version,
    architecture: 'amd64',
    status: item.held ? 'held' : item.version === item.available ? 'installed' : 'upgradable',
    upgradable: item.version !== item.available,
    latest_version: item.available,
    description: `The ${name} package`,
    size_bytes: (index + 1) * 1000,
    held: item.held,
    origin: 'Toy',
    security: item.security,
    cve_ids: [],
  });
  const listPackages = async (): Promise<Package[]> => [...shelf].map(describe);
  return {
    name: 'apt',
    revision: async () =>
      createHash('sha256')
        .update(JSON.stringify([...shelf]))
        .digest('hex'),
    plans: { install: noPlan, remove: noPlan, rollback: noPlan, patches: noPlan },
    listPackages,
    async findPackage(name: string): Promise<PackageDetail | undefined> {
      const found = (await listPackages()).find((one) => one.name === name);
      return (
        found && {
          ...found,
          dependencies: [],
          reverse_dependencies: [],
          maintainer: null,
          homepage: null,
          license: null,
          files: [],
          installed_at: null,
          available_version: found.latest_version,
        }
      );
    },
    async listPatches() {
      const patches = [...shelf]
        .filter(([, item]) => item.version !== item.available)
        .map(
          ([name, item]): Patch => ({
            name,
            current_version: item.version,
            available_version: item.available,
            severity: item.security ? 'high' : 'unknown',
            description: `The ${name} package`,
            cve_ids: [],
            advisories: [],
            security: item.security,
            origin: 'Toy',
            held: item.held,
            phased: false,
            requires_reboot: false,
          }),
        );
      return { patches, hiddenSecurity: [], listedAtMs: Date.now() };
    },
    sources,
    compareVersions: (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true }),
    rebootRequired: async () => ({ required: false, reasons: [] }),
    isDatabaseClean: async () => true,
  };
}
