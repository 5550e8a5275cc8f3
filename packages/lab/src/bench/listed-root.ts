import { appendFile, copyFile, cp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivateAptRoot } from '../apt/private-root.ts';
import type { ProgramResult } from '../process.ts';

/** What an administrator would type instead of asking the agent. */
export interface TypedCommand {
  readonly shown: string;
  readonly run: () => Promise<ProgramResult>;
  /** How it ends when all is well. Default: 0. */
  readonly ends?: readonly number[];
}

/** A listing of the agent, beside which command of the host's own program it stands, and what it must stay below. */
export interface Against {
  readonly command: string;
  /** Without, the multiple is shown and nothing else. */
  readonly limit?: number;
  /** Why missing it is shown and counts for nothing. */
  readonly shownOnlyBecause?: string;
}

/** A root with packages, and what lists them. */
export interface ListedRoot {
  readonly name: string;
  readonly folder: string;
  readonly commands: Readonly<Record<string, TypedCommand>>;
  /** Changes what tells the agent that packages were changed, and nothing else: what a job does to the caches. */
  readonly change: () => Promise<void>;
  /** Of each listing while nothing changed, of both after a change. */
  readonly bars: {
    readonly current: Against;
    readonly packages: readonly Against[];
    readonly patches: readonly Against[];
  };
}

/** dpkg's database of a root. */
const STATUS = 'var/lib/dpkg/status';

/** The packages, sources and lists of this machine, which itself stays as it is. */
export async function mirrorOfThisMachine(folder: string): Promise<ListedRoot> {
  const nothing = { uri: 'file:/nowhere', suites: [], keyringPath: '/nowhere' };
  const apt = await createPrivateAptRoot({ folder, repository: nothing });
  await rm(join(folder, 'etc/apt/sources.list.d'), { recursive: true });
  for (const name of ['sources.list', 'sources.list.d', 'preferences', 'preferences.d']) {
    await cp(join('/etc/apt', name), join(folder, 'etc/apt', name), { recursive: true }).catch(() => {});
  }
  await rm(join(folder, 'var/lib/apt/lists'), { recursive: true });
  await symlink('/var/lib/apt/lists', join(folder, 'var/lib/apt/lists'));
  await copyFile(join('/', STATUS), join(folder, STATUS));
  const typed = (program: string, ...args: string[]): TypedCommand => ({
    shown: [program, ...args].join(' '),
    run: () => apt.run(program, args),
  });
  return {
    name: 'apt',
    folder,
    commands: {
      query: typed('dpkg-query', '-W'),
      installed: typed('apt', 'list', '--installed'),
      upgradable: typed('apt', 'list', '--upgradable'),
      simulated: typed('apt-get', '-s', 'dist-upgrade'),
    },
    // An empty line changes time and size.
    change: () => appendFile(join(folder, STATUS), '\n'),
    bars: {
      current: { command: 'query', limit: 1 },
      packages: [{ command: 'installed', limit: 0.5 }],
      patches: [{ command: 'upgradable', limit: 1 }],
    },
  };
}
