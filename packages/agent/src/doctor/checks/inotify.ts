import type { Finding } from '../finding.ts';
import type { DoctorPlace } from './host.ts';

/** What the kernel says when none is left (inotify_init(2), inotify_add_watch(2)), and the setting that limits it. */
const SETTINGS: Readonly<Record<string, string>> = {
  EMFILE: 'max_user_instances',
  ENOSPC: 'max_user_watches',
};
const LEAST = 1_024;

/** Whether the kernel still tells a program of this user about changed files. */
export async function checkInotify({ files, paths }: DoctorPlace): Promise<Finding[]> {
  try {
    files.watch(paths.configFile, () => {})[Symbol.dispose]();
    return [];
  } catch (error) {
    const name = SETTINGS[(error as NodeJS.ErrnoException).code ?? ''];
    // A folder that is not there, for one, is told elsewhere.
    if (name === undefined) return [];
    const now = Number((await files.readText(`/proc/sys/fs/inotify/${name}`)) ?? 0);
    return [
      {
        code: 'INOTIFY_USED_UP',
        detail: `fs.inotify.${name} is ${now}, and all of them are in use.`,
        words: { setting: `fs.inotify.${name}`, value: Math.max(2 * now, LEAST) },
      },
    ];
  }
}
