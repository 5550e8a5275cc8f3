import { describeWatched, type WatchedFiles } from '../../package-interface/watched-files.ts';
import type { PackageReading } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { RPM_DATABASES } from '../rpm/database.ts';
import { locksPath } from './package-locks.ts';
import { ZYPPER } from './private-root.ts';
import { cacheFolder } from './sources.ts';

const FOLDERS = ['etc/zypp/repos.d', 'etc/zypp/services.d', 'etc/zypp/vars.d', 'etc/zypp/multiversion.d'];

/** The cookie of each repository's cache, which changes with what the repository said last. */
async function listFiles(doors: PackageDoors): Promise<string[]> {
  const folder = cacheFolder(doors, 'solv');
  const names = await doors.files.list(folder, { missingOk: true });
  // That of what is installed is written by those who only read.
  return names.filter((name) => name !== '@System').map((name) => `${folder}/${name}/cookie`);
}

async function sourceFiles(doors: PackageDoors): Promise<WatchedFiles> {
  const config = ['etc/zypp/zypp.conf', 'etc/zypp/zypper.conf'].map((path) => belowRoot(doors, path));
  return {
    files: [ZYPPER, ...config, ...(await listFiles(doors))],
    folders: FOLDERS.map((folder) => belowRoot(doors, folder)),
  };
}

function packageFiles(doors: PackageDoors): WatchedFiles {
  return {
    files: [...RPM_DATABASES.map((path) => belowRoot(doors, path)), locksPath(doors)],
    folders: [],
  };
}

/** Reads the state on disk as it is now, without any program. */
export function stateReader(doors: PackageDoors): Pick<PackageReading, 'stateKey' | 'watched'> {
  return {
    async watched() {
      const parts = [await sourceFiles(doors), packageFiles(doors)];
      return {
        files: parts.flatMap(({ files }) => files),
        folders: parts.flatMap(({ folders }) => folders),
      };
    },
    async stateKey() {
      const [sources, packages] = await Promise.all([
        describeWatched(doors.files, await sourceFiles(doors)),
        describeWatched(doors.files, packageFiles(doors)),
      ]);
      return { sources, packages: `${sources}|${packages}` };
    },
  };
}
