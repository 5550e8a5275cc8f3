import type { PackageAdapter, PackageWords } from '../adapter.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { RPM_LOCK_FILES } from '../rpm/database.ts';
import { RPM_RULES } from '../rpm/names.ts';
import { readUnmet } from '../rpm/unmet.ts';
import { askZypper } from './ask.ts';
import { automaticAmong, markAutomatic } from './automatic.ts';
import { readDetail, readSizes } from './detail.ts';
import { isLockedOut, readFailure } from './failure.ts';
import { readInstalled } from './installed.ts';
import {
  parseProgress,
  readFailedHooks,
  readFailedScripts,
  readParticulars,
  readUntrusted,
  scriptWords,
} from './output.ts';
import { readPending } from './pending.ts';
import { asksForReboot, REBOOT_FLAG, readRebootState } from './reboot-state.ts';
import { readRefresh } from './refresh.ts';
import { readPlan, simulateChange } from './simulate.ts';
import { providersOf, readAvailable, readOrigins } from './solvables.ts';
import { listRepositories, readSource } from './sources.ts';
import { stateReader } from './state-key.ts';
import { changeTool, finishTool, holdTool, refreshTool } from './tools.ts';

const WORDS: PackageWords = {
  solver: 'zypper',
  installer: 'rpm',
  audit: 'zypper verify',
  retry: 'zypper install --force',
  mend: 'zypper verify',
  unhold: 'zypper removelock',
  hidden: 'a lock on this host prefers an older version: zypper locks shows which',
  sourceFiles: '/etc/zypp/repos.d',
  incomplete: 'was not completed',
  afterIncomplete:
    'The package itself may be there all the same: "rpm -q" shows its version, "zypper install --force" runs its script again, and /var/log/zypp/history has the output of each.',
};

/** How zypper ends when its solver finds no way. */
const UNSOLVED = 4;

/** zypper and rpm. Read, planned and changed by zypper's command line, which answers programs in XML. */
export function openZypperAdapter(doors: PackageDoors): PackageAdapter {
  const { root } = doors;
  return {
    name: 'zypper',
    rules: RPM_RULES,
    words: WORDS,
    limits: {},
    output: {
      progress: (line, source) => (source === 'stdout' ? parseProgress(line) : undefined),
      failure: readFailure,
      lockedOut: isLockedOut,
      failedHooks: readFailedHooks,
      failedScripts: readFailedScripts,
      scriptWords,
      // What cannot be downloaded keeps everything out, and zypper says so itself.
      notDownloaded: () => () => undefined,
      untrusted: readUntrusted,
    },
    database: {
      lockFiles: RPM_LOCK_FILES,
      pidLock: 'run/zypp.pid',
      // What a transaction left that was cut off stands in the list of what is installed, twice.
      interrupted: async () => undefined,
      unmet: (signal) => readUnmet(doors, signal),
      finish: async () => finishTool(root, await readInstalled(doors)),
      complete: undefined,
    },
    reading: zypperReading(doors),
    refreshing: { tool: refreshTool(root), downloads: 'var/cache/zypp', report: readRefresh },
    changing: {
      refusesItself: false,
      available: (targets) => readAvailable(doors, targets),
      providers: (name) => providersOf(doors, name),
      tool: (change) => changeTool(root, change),
      particulars: (result) => readParticulars(doors, result),
      simulate: (change, options) => simulateChange(doors, change, options),
      origins: (wanted) => readOrigins(doors, wanted),
      sizes: (wanted) => readSizes(doors, wanted),
      holdTool: (names, hold) => holdTool(root, names, hold),
      automatic: (names) => automaticAmong(doors, names),
      markAutomatic: (names) => markAutomatic(doors, names),
    },
  };
}

function zypperReading(doors: PackageDoors): PackageAdapter['reading'] {
  const state = stateReader(doors);
  return {
    stateKey: state.stateKey,
    watched: state.watched,
    installed: () => readInstalled(doors),
    sources: async () =>
      Promise.all((await listRepositories(doors)).map((repository) => readSource(doors, repository))),
    pending: (known) => readPending(doors, known),
    async offered() {
      const { exitCode, answer } = await askZypper(doors, ['update', '--dry-run'], { accept: [UNSOLVED] });
      if (exitCode === UNSOLVED) return undefined;
      const coming = readPlan(answer).filter((one) => one.version !== null);
      return new Set(coming.flatMap(({ name, architecture }) => [name, `${name}.${architecture}`]));
    },
    detail: (name, listed) => readDetail(doors, name, listed),
    rebootState: () => readRebootState(doors),
    rebootFlags: [belowRoot(doors, REBOOT_FLAG)],
    asksForReboot,
  };
}
