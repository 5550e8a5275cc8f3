import type { PackageAdapter, PackageWords } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { findInterruption, LOCK_FILES, readUnmet } from './database.ts';
import { readDetail } from './detail.ts';
import { isLockedOut, readFailure } from './failure.ts';
import { readInstalled } from './installed.ts';
import { markAutomatic, readAutomatic } from './marks.ts';
import { DEBIAN_RULES } from './names.ts';
import { readOrigins } from './origins.ts';
import { parseStatusLine, readNotDownloaded, readUntrusted } from './output.ts';
import { readParticulars } from './particulars.ts';
import { findPending } from './pending.ts';
import { readPolicy } from './policy.ts';
import { asksForReboot } from './reboot-packages.ts';
import { readRebootState, rebootFlagsOf } from './reboot-state.ts';
import { simulateChange } from './refusal.ts';
import { scriptWords } from './script-words.ts';
import { readOffered } from './simulate.ts';
import { readSizes } from './sizes.ts';
import { parseUpdate } from './source-failures.ts';
import { readSources } from './sources.ts';
import { createStateReader } from './state-key.ts';
import { providersOf, readAvailable } from './targets.ts';
import { COMPLETE, changeArguments, changeTool, FINISH, holdTool, REFRESH } from './tools.ts';

const WORDS: PackageWords = {
  solver: 'apt',
  installer: 'dpkg',
  audit: 'dpkg --audit',
  retry: 'dpkg --configure --pending',
  mend: 'apt-get --fix-broken install',
  unhold: 'apt-mark unhold',
  hidden: 'a pin or APT::Default-Release on this host prefers an older version: apt-cache policy shows which',
  sourceFiles: '/etc/apt/sources.list and sources.list.d',
  incomplete: 'is not configured',
  afterIncomplete:
    '"dpkg --audit" lists what is half configured, "dpkg --configure --pending" tries again; the next job tries it first.',
};

/** apt and dpkg. */
export function openAptAdapter(doors: PackageDoors): PackageAdapter {
  const state = createStateReader(doors);
  const native = async () => (await state.settings()).architecture;
  return {
    name: 'apt',
    rules: DEBIAN_RULES,
    words: WORDS,
    limits: {},
    output: {
      progress: (line, source) => (source === 'fd3' ? parseStatusLine(line) : undefined),
      failure: readFailure,
      lockedOut: isLockedOut,
      failedHooks: () => undefined,
      failedScripts: () => [],
      scriptWords,
      notDownloaded: readNotDownloaded,
      untrusted: readUntrusted,
    },
    database: {
      lockFiles: LOCK_FILES,
      interrupted: () => findInterruption(doors),
      unmet: async (signal) => readUnmet(doors, await native(), signal),
      finish: () => FINISH,
      complete: COMPLETE,
    },
    reading: aptReading(doors, state),
    refreshing: { tool: REFRESH, downloads: 'var/lib/apt/lists/partial', report: parseUpdate },
    changing: {
      refusesItself: true,
      available: (targets) => readAvailable(doors, targets),
      providers: (name) => providersOf(doors, name),
      tool: changeTool,
      particulars: (result) => readParticulars(doors, result),
      async simulate(change, options) {
        const args = changeArguments(change);
        return simulateChange(doors, { args, native: await native(), ...options });
      },
      origins: async (wanted) => readOrigins(doors, wanted, await state.settings()),
      sizes: (wanted) => readSizes(doors, wanted),
      holdTool,
      automatic: (names) => readAutomatic(doors, names),
      markAutomatic: (names) => markAutomatic(doors, names),
    },
  };
}

function aptReading(
  doors: PackageDoors,
  state: ReturnType<typeof createStateReader>,
): PackageAdapter['reading'] {
  return {
    stateKey: state.stateKey,
    watched: state.watched,
    installed: () => readInstalled(doors),
    sources: async () => readSources(doors, (await state.settings()).lists),
    async pending(known) {
      const { architecture } = await state.settings();
      const installed = await known.installed;
      const names = installed.map((one) =>
        [architecture, 'all'].includes(one.architecture) ? one.name : DEBIAN_RULES.qualifiedName(one),
      );
      const policy = await readPolicy(doors, names);
      return findPending({ installed, policy, sources: await known.sources });
    },
    offered: () => readOffered(doors),
    detail: (name, listed) => readDetail(doors, name, listed),
    rebootState: (installed) => readRebootState(doors, installed),
    rebootFlags: rebootFlagsOf(doors),
    asksForReboot,
  };
}
