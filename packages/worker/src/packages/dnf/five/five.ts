import type { PackageDoors } from '../../doors.ts';
import type { DnfGeneration } from '../generation.ts';
import { parseRefreshStep } from '../refresh.ts';
import { askDnf5 } from './answers.ts';
import { readDnf5Failure } from './failure.ts';
import {
  dnf5ScriptWords,
  parseDnf5Progress,
  readDnf5FailedScripts,
  readDnf5Said,
  readDnf5Untrusted,
} from './output.ts';
import { CACHE } from './program.ts';
import { readDnf5Refresh, refreshDnf5 } from './refresh.ts';
import { dnf5Tools } from './tools.ts';
import { lockList } from './version-locks.ts';

/** dnf 5: read, planned and changed by its command line. */
export function openDnf5(host: PackageDoors): DnfGeneration {
  const { commands, files, clock, root } = host;
  return {
    doors: { commands, files, clock, root, ask: askDnf5(host), locks: lockList(host), cache: CACHE },
    // It has this one from its first question to its end.
    lockFiles: ['var/lib/dnf/system-repo.lock'],
    output: {
      progress: (line, source) => (source === 'fd3' ? parseRefreshStep(line) : parseDnf5Progress(line)),
      failure: readDnf5Failure,
      // It waits for a lock that it finds taken.
      lockedOut: () => false,
      failedHooks: () => undefined,
      failedScripts: readDnf5FailedScripts,
      scriptWords: dnf5ScriptWords,
      notDownloaded: () => () => undefined,
      untrusted: readDnf5Untrusted,
    },
    refreshing: { tool: refreshDnf5(root), downloads: CACHE, report: readDnf5Refresh },
    tools: dnf5Tools(root),
    readSaid: readDnf5Said,
  };
}
