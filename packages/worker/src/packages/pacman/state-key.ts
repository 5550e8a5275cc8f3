import { describeWatched, type WatchedFiles } from '../../package-interface/watched-files.ts';
import type { PackageReading } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { PacmanConfig } from './config.ts';
import { syncFolders } from './databases.ts';
import { localFolder } from './local-database.ts';
import { configPath } from './private-root.ts';

/** Settings that a configuration usually includes. */
const INCLUDED = 'etc/pacman.d';

/** The configuration, as files. */
export function configFiles(doors: PackageDoors): WatchedFiles {
  return { files: [configPath(doors.root)], folders: [belowRoot(doors, INCLUDED)] };
}

function sourceFiles(doors: PackageDoors, config: PacmanConfig): WatchedFiles {
  const { pacmans, ours } = syncFolders(doors, config);
  const { files, folders } = configFiles(doors);
  const databases = config.repositories.flatMap(({ name }) =>
    [pacmans, ours].map((folder) => `${folder}/${name}.db`),
  );
  return { files: [...files, ...databases], folders };
}

/** Each change of a package makes or removes a folder in this one. */
function packageFiles(config: PacmanConfig): WatchedFiles {
  return { files: [localFolder(config)], folders: [] };
}

/** Reads the state on disk as it is now. @param readConfig the configuration of now */
export function stateReader(
  doors: PackageDoors,
  readConfig: () => Promise<PacmanConfig>,
): Pick<PackageReading, 'stateKey' | 'watched'> {
  return {
    async watched() {
      const config = await readConfig();
      const parts = [sourceFiles(doors, config), packageFiles(config)];
      return {
        files: parts.flatMap(({ files }) => files),
        folders: parts.flatMap(({ folders }) => folders),
      };
    },
    async stateKey() {
      const config = await readConfig();
      const [sources, packages] = await Promise.all([
        describeWatched(doors.files, sourceFiles(doors, config)),
        describeWatched(doors.files, packageFiles(config)),
      ]);
      return { sources, packages: `${sources}|${packages}` };
    },
  };
}
