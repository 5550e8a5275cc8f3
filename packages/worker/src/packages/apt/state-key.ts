import { createHash } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { describeWatched, type WatchedFiles } from '../../package-interface/watched-files.ts';
import type { PackageReading, StateKey } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { remembered } from '../remembered.ts';
import { ask } from './failure.ts';
import { aptTool } from './neutral-options.ts';

/** Where apt is told to keep its own files; an administrator may have moved them (apt.conf(5), "Directories"). */
interface AptPlaces {
  readonly lists: string;
  readonly sourceList: string;
  readonly sourceParts: string;
  readonly preferences: string;
  readonly preferenceParts: string;
  readonly status: string;
  readonly extendedStates: string;
}

/** What apt is asked about itself. */
export interface AptSettings extends AptPlaces {
  /** Of the host's own packages, such as `amd64`: apt prints their names without it. */
  readonly architecture: string;
}

/** `/d` asks for a folder, `/f` for a file, each with its full path (apt-config(8)). */
const SETTINGS: Readonly<Record<keyof AptSettings, string>> = {
  architecture: 'APT::Architecture',
  lists: 'Dir::State::lists/d',
  sourceList: 'Dir::Etc::sourcelist/f',
  sourceParts: 'Dir::Etc::sourceparts/d',
  preferences: 'Dir::Etc::preferences/f',
  preferenceParts: 'Dir::Etc::preferencesparts/d',
  status: 'Dir::State::status/f',
  extendedStates: 'Dir::State::extended_states/f',
};

/** Reads what `apt-config shell` prints: `name='value'`; a place that is not set is the empty text. */
export function parseSettings(text: string): AptSettings {
  const values = new Map(
    [...text.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value] as const),
  );
  const names = Object.keys(SETTINGS) as (keyof AptSettings)[];
  if (!values.has('lists'))
    throw new PatchError('PKG_MANAGER_ERROR', 'apt-config does not say where the package lists are.');
  if (!values.has('architecture'))
    throw new PatchError('PKG_MANAGER_ERROR', "apt-config does not say what this host's architecture is.");
  return Object.fromEntries(names.map((name) => [name, values.get(name) ?? ''])) as Record<
    keyof AptSettings,
    string
  >;
}

/** @throws PatchError when apt's configuration cannot be read. */
async function readSettings(doors: PackageDoors): Promise<AptSettings> {
  const tool = aptTool('apt-config', ['shell', ...Object.entries(SETTINGS).flat()]);
  return parseSettings(await ask(doors, 'apt-config shell', tool));
}

/** Those that are set. */
function set(paths: readonly string[]): string[] {
  return paths.filter((one) => one !== '');
}

function configFiles(doors: PackageDoors): WatchedFiles {
  return {
    files: ['/usr/bin/apt-config', belowRoot(doors, 'etc/apt/apt.conf')],
    folders: [belowRoot(doors, 'etc/apt/apt.conf.d')],
  };
}

function sourceFiles(places: AptPlaces): WatchedFiles {
  return { files: set([places.lists, places.sourceList]), folders: set([places.sourceParts]) };
}

function packageFiles(doors: PackageDoors, places: AptPlaces): WatchedFiles {
  const here = (path: string): string => belowRoot(doors, path);
  return {
    files: set([
      places.status,
      places.extendedStates,
      places.preferences,
      here('var/lib/dpkg/status'),
      here('var/lib/dpkg/updates'),
      here('var/lib/dpkg/arch'),
      here('etc/machine-id'),
    ]),
    folders: set([places.preferenceParts]),
  };
}

/** The state of apt's own configuration, and of apt itself, which has defaults of its own. */
async function readConfigKey(doors: PackageDoors): Promise<string> {
  const key = await describeWatched(doors.files, configFiles(doors));
  return createHash('sha256').update(key).digest('base64url');
}

async function readState(doors: PackageDoors, config: string, places: AptPlaces): Promise<StateKey> {
  const [sources, packages] = await Promise.all([
    describeWatched(doors.files, sourceFiles(places)),
    describeWatched(doors.files, packageFiles(doors, places)),
  ]);
  const key = `${config}|${sources}`;
  return { sources: key, packages: `${key}|${packages}` };
}

/** Reads the state on disk as it is now; that costs some forty system calls, and a process where apt's configuration has changed. */
export function createStateReader(doors: PackageDoors): Pick<PackageReading, 'stateKey' | 'watched'> & {
  /** What apt says of itself now. */
  readonly settings: () => Promise<AptSettings>;
} {
  const known = remembered<AptSettings>();
  const settingsFor = (config: string): Promise<AptSettings> => known(config, () => readSettings(doors));
  const settings = async (): Promise<AptSettings> => settingsFor(await readConfigKey(doors));
  return {
    settings,
    async watched() {
      const found = await settings();
      const parts = [configFiles(doors), sourceFiles(found), packageFiles(doors, found)];
      return {
        files: parts.flatMap(({ files }) => files),
        folders: parts.flatMap(({ folders }) => folders),
      };
    },
    async stateKey() {
      const config = await readConfigKey(doors);
      return readState(doors, config, await settingsFor(config));
    },
  };
}
