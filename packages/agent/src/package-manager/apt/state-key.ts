import { type AptContext, aptPath } from './apt-context.ts';

/** Files and folders whose change can change what apt knows of its sources. */
const SOURCE_STATE = ['var/lib/apt/lists', 'etc/apt/apt.conf', 'etc/apt/sources.list'];
const SOURCE_FOLDERS = ['etc/apt/apt.conf.d', 'etc/apt/sources.list.d'];

/** The same for what is installed or upgradable. */
const PACKAGE_STATE = [
  'var/lib/dpkg/status',
  'var/lib/dpkg/updates',
  'var/lib/dpkg/arch',
  'var/lib/apt/extended_states',
  'etc/apt/preferences',
  'etc/machine-id',
];
const PACKAGE_FOLDERS = ['etc/apt/preferences.d'];

/** The folder itself and what is in it; an editor changes a file without touching its folder. */
async function withContents({ files, root }: AptContext, folder: string): Promise<string[]> {
  const names = await files.list(aptPath({ root }, folder), { missingOk: true });
  return [folder, ...names.map((name) => `${folder}/${name}`)];
}

async function keyOf(
  context: AptContext,
  single: readonly string[],
  folders: readonly string[],
): Promise<string> {
  const inFolders = await Promise.all(folders.map((folder) => withContents(context, folder)));
  const paths = [...single, ...inFolders.flat()];
  // apt reads what links lead to, so that is what counts.
  const facts = await Promise.all(paths.map((path) => context.files.factsBehind(aptPath(context, path))));
  return facts
    .map((one, index) => `${paths[index]}:${one ? `${one.inode}:${one.modifiedMs}:${one.sizeBytes}` : '-'}`)
    .join('|');
}

/** What listings depend on; as long as both keys are the same, so are they. */
export interface AptState {
  readonly sources: string;
  readonly packages: string;
}

/** The state on disk now. Reading it costs some forty system calls and no process. */
export async function readAptState(context: AptContext): Promise<AptState> {
  const [sources, packages] = await Promise.all([
    keyOf(context, SOURCE_STATE, SOURCE_FOLDERS),
    keyOf(context, PACKAGE_STATE, PACKAGE_FOLDERS),
  ]);
  return { sources, packages: `${sources}|${packages}` };
}
