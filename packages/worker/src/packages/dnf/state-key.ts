import { describeWatched, type WatchedFiles } from '../../package-interface/watched-files.ts';
import type { PackageReading } from '../adapter.ts';
import { belowRoot } from '../doors.ts';
import { RPM_DATABASES } from '../rpm/database.ts';
import { cacheFolder, type DnfDoors } from './doors.ts';
import { DNF, DNF5 } from './program.ts';

const FOLDERS = [
  'etc/yum.repos.d',
  'etc/dnf/vars',
  'etc/yum/vars',
  'etc/dnf/modules.d',
  'etc/dnf/plugins',
  'etc/dnf/libdnf5-plugins',
  'etc/dnf/libdnf5.conf.d',
];

/** What every repository said last; reading it writes other files beside it. */
async function listFiles(doors: DnfDoors): Promise<string[]> {
  const folder = cacheFolder(doors);
  const names = await doors.files.list(folder, { missingOk: true });
  return names.flatMap((name) =>
    /-[0-9a-f]{16}$/.test(name) ? [`${folder}/${name}/repodata/repomd.xml`] : [],
  );
}

async function sourceFiles(doors: DnfDoors): Promise<WatchedFiles> {
  return {
    files: [DNF, DNF5, belowRoot(doors, 'etc/dnf/dnf.conf'), ...(await listFiles(doors))],
    folders: FOLDERS.map((folder) => belowRoot(doors, folder)),
  };
}

async function packageFiles(doors: DnfDoors): Promise<WatchedFiles> {
  return {
    files: [...RPM_DATABASES.map((path) => belowRoot(doors, path)), await doors.locks.path()],
    folders: [],
  };
}

/** Reads the state on disk as it is now, without any program. */
export function stateReader(doors: DnfDoors): Pick<PackageReading, 'stateKey' | 'watched'> {
  return {
    async watched() {
      const parts = [await sourceFiles(doors), await packageFiles(doors)];
      return {
        files: parts.flatMap(({ files }) => files),
        folders: parts.flatMap(({ folders }) => folders),
      };
    },
    async stateKey() {
      const [sources, packages] = await Promise.all([
        describeWatched(doors.files, await sourceFiles(doors)),
        describeWatched(doors.files, await packageFiles(doors)),
      ]);
      return { sources, packages: `${sources}|${packages}` };
    },
  };
}
