import { PatchError } from '@linux-patch/contract';
import { describeWatched } from '../../package-interface/watched-files.ts';
import type { PackageAdapter, PackageWords } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { remembered } from '../remembered.ts';
import { askPacman } from './ask.ts';
import { pacmanChange } from './change.ts';
import { type PacmanConfig, readConfig } from './config.ts';
import { isLockedOut, readFailure } from './failure.ts';
import { findInterruption } from './interruption.ts';
import { NO_HOLD, PACMAN_LIMITS } from './limits.ts';
import { readInstalled } from './local-database.ts';
import { PACMAN_RULES } from './names.ts';
import {
  failedHooks,
  progressReader,
  readFailedScripts,
  readParticulars,
  readUntrusted,
  scriptWords,
} from './output.ts';
import { providersOf, readAvailable, readDetail, readOffers, readOrigins, readSizes } from './packages.ts';
import { readPending, readSources } from './pending.ts';
import { asksForReboot, readRebootState } from './reboot-state.ts';
import { parseRefreshStep, prepareRefresh, readRefresh, refreshTool } from './refresh.ts';
import { parsePlan, simulateChange } from './simulate.ts';
import { configFiles, stateReader } from './state-key.ts';
import { changeTool, finishTool, lockPath } from './tools.ts';
import { readUnmet } from './unmet.ts';

const WORDS: PackageWords = {
  solver: 'pacman',
  installer: 'pacman',
  audit: 'pacman -Dk',
  retry: 'pacman -S',
  mend: 'pacman -Dk',
  unhold: 'taking it out of IgnorePkg and IgnoreGroup in pacman.conf',
  hidden: 'pacman.conf prefers an older version',
  sourceFiles: '/etc/pacman.conf and pacman.d',
  incomplete: 'was not completed',
  afterIncomplete:
    'The package itself is there: "pacman -Q" shows its version, and "pacman -S" with its name runs its script again.',
};

/** Reads the configuration again only when one of its files has changed. */
function configReader(doors: PackageDoors): () => Promise<PacmanConfig> {
  const known = remembered<PacmanConfig>();
  return async () => known(await describeWatched(doors.files, configFiles(doors)), () => readConfig(doors));
}

/**
 * pacman 6 and 7. What is installed is read from its database; what waits, from databases of our own.
 * @throws PatchError `PKG_MANAGER_ERROR` with pacman's words on a configuration that it does not take
 */
export async function openPacmanAdapter(doors: PackageDoors): Promise<PackageAdapter> {
  const config = configReader(doors);
  const first = await config();
  const progress = progressReader();
  return {
    name: 'pacman',
    rules: PACMAN_RULES,
    words: WORDS,
    limits: PACMAN_LIMITS,
    output: {
      progress: (line, source) => (source === 'fd3' ? parseRefreshStep(line) : progress(line)),
      failure: readFailure,
      lockedOut: isLockedOut,
      failedScripts: readFailedScripts,
      failedHooks,
      scriptWords,
      // What cannot be downloaded keeps everything out, and pacman says so itself.
      notDownloaded: () => () => undefined,
      untrusted: readUntrusted,
    },
    database: {
      lockFiles: [],
      openLock: lockPath(first),
      interrupted: async () => (await findInterruption(doors, await config()))?.path,
      unmet: async (signal) => readUnmet(doors, await config(), signal),
      async finish() {
        const settings = await config();
        const found = await findInterruption(doors, settings);
        return finishTool(doors, settings, found ?? { names: [], halfWritten: [] });
      },
      complete: undefined,
    },
    reading: pacmanReading(doors, config),
    refreshing: {
      tool: refreshTool(doors, first),
      prepare: async () => prepareRefresh(doors, first),
      downloads: 'var/cache/pacman/linux-patch-api',
      report: (result) => readRefresh(result, first.repositories),
    },
    changing: pacmanChanging(doors, config),
  };
}

function pacmanReading(doors: PackageDoors, config: () => Promise<PacmanConfig>): PackageAdapter['reading'] {
  const state = stateReader(doors, config);
  const installed = async () => readInstalled(doors, await config());
  return {
    stateKey: state.stateKey,
    watched: state.watched,
    installed,
    sources: async () => readSources(doors, await config()),
    pending: async (known) => readPending(doors, await config(), known),
    async offered() {
      const result = await askPacman(doors, await config(), { args: ['-Su'], databases: 'newest' });
      const planned = parsePlan(result, false);
      return planned && new Set(planned.map(({ name }) => name));
    },
    detail: async (name, listed) => readDetail(doors, await config(), { name, listed }),
    rebootState: async () => readRebootState(doors, await installed()),
    rebootFlags: [],
    asksForReboot,
  };
}

function pacmanChanging(
  doors: PackageDoors,
  config: () => Promise<PacmanConfig>,
): PackageAdapter['changing'] {
  const commandOf = async (change: Parameters<PackageAdapter['changing']['tool']>[0]) => {
    const settings = await config();
    return pacmanChange(doors, settings, {
      change,
      versionsOf: (names) => readOffers(doors, settings, names),
    });
  };
  return {
    refusesItself: false,
    available: async (targets) => readAvailable(doors, await config(), targets),
    providers: async (name) => providersOf(doors, await config(), name),
    tool: async (change) => changeTool(doors, await config(), await commandOf(change)),
    particulars: async (result) => readParticulars(doors, await config(), result),
    simulate: async (change, options) =>
      simulateChange(doors, await config(), { change, command: await commandOf(change), ...options }),
    origins: async (wanted) => readOrigins(doors, await config(), wanted),
    sizes: async (wanted) => readSizes(doors, await config(), wanted),
    holdTool() {
      throw new PatchError('INVALID_REQUEST', NO_HOLD);
    },
    // What was a dependency stays one when it is named.
    automatic: async () => [],
    markAutomatic: async () => {},
  };
}
