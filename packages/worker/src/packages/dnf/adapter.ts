import type { PackageAdapter, PackageWords } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { remembered } from '../remembered.ts';
import { RPM_LOCK_FILES } from '../rpm/database.ts';
import { RPM_RULES } from '../rpm/names.ts';
import { readUnmet } from '../rpm/unmet.ts';
import { OfferedAnswer, ReadAnswer } from './answers.ts';
import type { DnfDoors } from './doors.ts';
import { openDnf5 } from './five/five.ts';
import { openDnf4 } from './four.ts';
import type { DnfGeneration } from './generation.ts';
import { readInstalled } from './installed.ts';
import { providersOf, readAvailable, readDetail, readOrigins, readSizes } from './packages.ts';
import { readParticulars } from './particulars.ts';
import { findPending, sourceOf } from './pending.ts';
import { findProgram } from './program.ts';
import { asksForReboot, readRebootState } from './reboot-state.ts';
import { simulateChange } from './simulate.ts';
import { stateReader } from './state-key.ts';

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
 * dnf and rpm, in the generation of dnf that this host has.
 * @throws PatchError `SERVICE_UNHEALTHY` for a program that is neither dnf 4 nor dnf 5
 */
export async function openDnfAdapter(host: PackageDoors): Promise<PackageAdapter> {
  const found = await findProgram(host);
  return manageDnf(found.generation === 5 ? openDnf5(host) : openDnf4(host, found.python));
}

function manageDnf(generation: DnfGeneration): PackageAdapter {
  const { doors, tools, refreshing, output } = generation;
  return {
    name: 'dnf',
    rules: RPM_RULES,
    words: WORDS,
    limits: {},
    output,
    database: {
      lockFiles: [...RPM_LOCK_FILES, ...generation.lockFiles],
      // What a transaction left that was cut off stands in the list of what is installed, twice.
      interrupted: async () => undefined,
      unmet: (signal) => readUnmet(doors, signal),
      finish: () => tools.finish(),
      complete: undefined,
    },
    reading: dnfReading(doors),
    refreshing,
    changing: {
      refusesItself: false,
      available: (targets) => readAvailable(doors, targets),
      providers: (name) => providersOf(doors, name),
      tool: (change) => tools.change(change),
      particulars: (result) => readParticulars(doors, generation.readSaid(result)),
      simulate: (change, options) => simulateChange(generation, change, options),
      origins: (wanted) => readOrigins(doors, wanted),
      sizes: (wanted) => readSizes(doors, wanted),
      holdTool: (names, hold) => tools.hold(names, hold),
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
    known((await state.stateKey()).packages, () => doors.ask({ op: 'read' }, { answer: ReadAnswer }));
  return {
    stateKey: state.stateKey,
    watched: state.watched,
    installed: () => readInstalled(doors),
    sources: async () => (await read()).sources.map(sourceOf),
    async pending({ installed }) {
      const answer = await read();
      return findPending(await installed, answer);
    },
    async offered() {
      const { names } = await doors.ask({ op: 'offered' }, { answer: OfferedAnswer });
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
