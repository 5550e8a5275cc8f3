import { createHash } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { z } from 'zod';
import type { PackageReading, StateKey } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { remembered } from '../remembered.ts';
import { ask } from './failure.ts';
import { aptTool } from './neutral-options.ts';

const Path = z.string().max(4_096);

/** Where apt is told to keep its own files; an administrator may have moved them (apt.conf(5), "Directories"). */
const AptPlaces = z.strictObject({
  lists: Path,
  sourceList: Path,
  sourceParts: Path,
  preferences: Path,
  preferenceParts: Path,
  status: Path,
  extendedStates: Path,
});
type AptPlaces = Readonly<z.infer<typeof AptPlaces>>;

/** Where they are, and the state of the configuration that says so. */
const Learned = z.strictObject({ config: z.string().max(128), places: AptPlaces });

/** `/d` asks for a folder, `/f` for a file, each with its full path (apt-config(8)). */
const SETTINGS: Readonly<Record<keyof AptPlaces, string>> = {
  lists: 'Dir::State::lists/d',
  sourceList: 'Dir::Etc::sourcelist/f',
  sourceParts: 'Dir::Etc::sourceparts/d',
  preferences: 'Dir::Etc::preferences/f',
  preferenceParts: 'Dir::Etc::preferencesparts/d',
  status: 'Dir::State::status/f',
  extendedStates: 'Dir::State::extended_states/f',
};

/** Reads what `apt-config shell` prints: `name='value'`; a place that is not set is the empty text. */
export function parsePlaces(text: string): AptPlaces {
  const values = new Map(
    [...text.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value] as const),
  );
  const names = Object.keys(SETTINGS) as (keyof AptPlaces)[];
  if (!values.has('lists'))
    throw new PatchError('PKG_MANAGER_ERROR', 'apt-config does not say where the package lists are.');
  return Object.fromEntries(names.map((name) => [name, values.get(name) ?? ''])) as Record<
    keyof AptPlaces,
    string
  >;
}

/** @throws PatchError when apt's configuration cannot be read. */
async function readPlaces(doors: PackageDoors): Promise<AptPlaces> {
  const tool = aptTool('apt-config', ['shell', ...Object.entries(SETTINGS).flat()]);
  return parsePlaces(await ask(doors, 'apt-config shell', tool));
}

/** The folder itself and what is in it; an editor changes a file without touching its folder. */
async function withContents({ files }: PackageDoors, folder: string): Promise<string[]> {
  const names = await files.list(folder, { missingOk: true });
  return [folder, ...names.map((name) => `${folder}/${name}`)];
}

/** Identity, time and size of files and folders. apt reads what links lead to, so that is what counts. */
async function keyOf(
  doors: PackageDoors,
  single: readonly string[],
  folders: readonly string[],
): Promise<string> {
  const inFolders = await Promise.all(
    folders.filter((one) => one !== '').map((folder) => withContents(doors, folder)),
  );
  const paths = [...single.filter((one) => one !== ''), ...inFolders.flat()];
  const facts = await Promise.all(paths.map((path) => doors.files.factsBehind(path)));
  return facts
    .map((one, index) => `${paths[index]}:${one ? `${one.inode}:${one.modifiedMs}:${one.sizeBytes}` : '-'}`)
    .join('|');
}

/** The state of apt's own configuration, and of apt itself, which has defaults of its own. */
async function readConfigKey(doors: PackageDoors): Promise<string> {
  const single = ['/usr/bin/apt-config', belowRoot(doors, 'etc/apt/apt.conf')];
  const key = await keyOf(doors, single, [belowRoot(doors, 'etc/apt/apt.conf.d')]);
  return createHash('sha256').update(key).digest('base64url');
}

async function readState(doors: PackageDoors, config: string, places: AptPlaces): Promise<StateKey> {
  const here = (path: string): string => belowRoot(doors, path);
  const [sources, packages] = await Promise.all([
    keyOf(doors, [places.lists, places.sourceList], [places.sourceParts]),
    keyOf(
      doors,
      [
        places.status,
        places.extendedStates,
        places.preferences,
        here('var/lib/dpkg/status'),
        here('var/lib/dpkg/updates'),
        here('var/lib/dpkg/arch'),
        here('etc/machine-id'),
      ],
      [places.preferenceParts],
    ),
  ]);
  const key = `${config}|${sources}`;
  const learned = JSON.stringify({ config, places } satisfies z.infer<typeof Learned>);
  return { sources: key, packages: `${key}|${packages}`, learned };
}

/** Reads the state on disk as it is now; that costs some forty system calls, and a process where apt's configuration has changed. */
export function createStateReader(doors: PackageDoors): Pick<PackageReading, 'stateKey' | 'recall'> {
  const places = remembered<AptPlaces>();
  return {
    async stateKey() {
      const config = await readConfigKey(doors);
      return readState(doors, config, await places(config, () => readPlaces(doors)));
    },
    recall(text) {
      try {
        const learned = Learned.parse(JSON.parse(text));
        void places(learned.config, async () => learned.places);
      } catch {
        // apt is asked then.
      }
    },
  };
}
