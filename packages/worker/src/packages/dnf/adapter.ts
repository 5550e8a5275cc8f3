import type { PackageAdapter, PackageWords } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { remembered } from '../remembered.ts';
import { RPM_LOCK_FILES } from '../rpm/database.ts';
import { RPM_RULES } from '../rpm/names.ts';
import { readUnmet } from '../rpm/unmet.ts';
import { OfferedAnswer, ReadAnswer } from './answers.ts';
import { isLockedOut, readFailure } from './failure.ts';
import { askDnf, type DnfDoors, findInterpreter } from './helper.ts';
import { readInstalled } from './installed.ts';
import { parseProgress, readFailedScripts, readParticulars, readUntrusted, scriptWords } from './output.ts';
import { providersOf, readAvailable, readDetail, readOrigins, readSizes } from './packages.ts';
import { findPending, sourceOf } from './pending.ts';
import { asksForReboot, readRebootState } from './reboot-state.ts';
import { parseRefreshStep, readRefresh, refreshTool } from './refresh.ts';
import { simulateChange } from './simulate.ts';
import { stateReader } from './state-key.ts';
import { changeTool, finishTool, holdTool } from './tools.ts';

const WORDS: PackageWords = {
  solver: 'dnf',
  installer: 'rpm',
  audit: 'dnf check',
  retry: 'dnf remove --duplicates',
  mend: 'dnf check',
  unhold: 'dnf versionlock delete',
  hidden: 'a lock or an exclusion on this host prefers an older version: dnf versionlock list shows which',
  sourceFiles: '/etc/yum.repos.d',
  incomplete: 'was not completed',
  afterIncomplete:
    'The package itself may be there all the same: "rpm -q" shows its version, "dnf reinstall" runs its script again, and "dnf check" lists what is there twice.',
};

/**
 * dnf 4 and rpm. Read and planned through dnf's own Python interface, changed by its command line.
 * @throws PatchError `SERVICE_UNHEALTHY` for a dnf that is not dnf 4
 */
export async function openDnfAdapter(host: PackageDoors): Promise<PackageAdapter> {
  const { commands, files, clock, root } = host;
  const doors: DnfDoors = { commands, files, clock, root, python: await findInterpreter(host) };
  return {
    name: 'dnf',
    rules: RPM_RULES,
    words: WORDS,
    limits: {},
    output: {
      progress: (line, source) => (source === 'fd3' ? parseRefreshStep(line) : parseProgress(line)),
      failure: readFailure,
      lockedOut: isLockedOut,
      failedHooks: () => undefined,
      failedScripts: readFailedScripts,
      scriptWords,
      // What cannot be downloaded keeps everything out, and dnf says so itself.
      notDownloaded: () => () => undefined,
      untrusted: readUntrusted,
    },
    database: {
      lockFiles: RPM_LOCK_FILES,
      // What a transaction left that was cut off stands in the list of what is installed, twice.
      interrupted: async () => undefined,
      unmet: (signal) => readUnmet(doors, signal),
      finish: () => finishTool(root),
      complete: undefined,
    },
    reading: dnfReading(doors),
    refreshing: { tool: refreshTool(doors), downloads: 'var/cache/dnf', report: readRefresh },
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
      // An update by name leaves the reason for which a package is there as it was.
      automatic: async () => [],
      markAutomatic: async () => {},
    },
  };
}

function dnfReading(doors: DnfDoors): PackageAdapter['reading'] {
  const state = stateReader(doors);
  const known = remembered<ReadAnswer>();
  // One run of dnf says both what repositories there are and what waits in them.
  const read = async () =>
    known((await state.stateKey()).packages, () => askDnf(doors, { op: 'read' }, { answer: ReadAnswer }));
  return {
    stateKey: state.stateKey,
    watched: state.watched,
    installed: () => readInstalled(doors),
    sources: async () => (await read()).sources.map(sourceOf),
    pending: async ({ installed }) => findPending(installed, await read()),
    async offered() {
      const { names } = await askDnf(doors, { op: 'offered' }, { answer: OfferedAnswer });
      return names === null
        ? undefined
        : new Set(names.flatMap(({ name, arch }) => [name, `${name}.${arch}`]));
    },
    detail: (name, listed) => readDetail(doors, name, listed),
    rebootState: () => readRebootState(doors),
    rebootFlags: [],
    asksForReboot,
  };
}
