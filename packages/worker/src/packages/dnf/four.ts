import type { PackageDoors } from '../doors.ts';
import { isLockedOut, readFailure } from './failure.ts';
import type { DnfGeneration } from './generation.ts';
import { askHelper } from './helper.ts';
import { parseProgress, readFailedScripts, readSaidBesides, readUntrusted, scriptWords } from './output.ts';
import { CACHE } from './program.ts';
import { parseRefreshStep, readRefresh, refreshTool } from './refresh.ts';
import { changeTool, finishTool, holdTool, isInTwoRuns } from './tools.ts';
import { lockListPath, parseLocks } from './version-locks.ts';

/** dnf 4: read and planned through its own Python interface, changed by its command line. */
export function openDnf4(host: PackageDoors, python: string): DnfGeneration {
  const { commands, files, clock, root } = host;
  return {
    doors: {
      commands,
      files,
      clock,
      root,
      ask: askHelper({ commands, root }, python),
      locks: { path: () => lockListPath(host), parse: parseLocks },
      cache: CACHE,
    },
    lockFiles: [],
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
    refreshing: { tool: refreshTool(root, python), downloads: CACHE, report: readRefresh },
    tools: {
      change: (change) => changeTool(root, change),
      finish: () => finishTool(root),
      hold: (names, hold) => holdTool(root, names, hold),
      inTwoRuns: isInTwoRuns,
    },
    readSaid: readSaidBesides,
  };
}
