import { isPatchError } from '@linux-patch/contract';
import { FaultsAnswer } from '@linux-patch/worker';
import { isBehindSocket, workerOf } from '../../worker-link/choose-worker.ts';
import { openWorkerLink } from '../../worker-link/link.ts';
import { findUnitFault } from '../../worker-link/unit-fault.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';

type At = Pick<DoctorPlace, 'root' | 'files' | 'commands' | 'paths' | 'signal'>;

/** Whether packages can be worked with, and whether the part of the agent answers that does it. */
export async function checkPackages(
  { root, files, commands, paths, signal }: At,
  { config }: Pick<DoctorHost, 'config'>,
): Promise<Finding[]> {
  const host = {
    root,
    files,
    commands,
    configFile: paths.configFile,
    backend: config.package_manager.backend,
  };
  using link = openWorkerLink(workerOf(host));
  try {
    return findingsOf(await link.ask({ v: 1, op: 'faults' }, FaultsAnswer, { signal }));
  } catch (error) {
    if (!isPatchError(error, 'WORKER_UNAVAILABLE')) throw error;
    const fault = (await isBehindSocket(host)) ? await findUnitFault({ commands, signal }) : undefined;
    if (!fault) return [{ code: 'WORKER_UNAVAILABLE', detail: error.message }];
    return [{ code: 'WORKER_NOT_STARTED', detail: `${fault.what}.`, commands: { mend: fault.mend } }];
  }
}

function findingsOf(answer: FaultsAnswer): Finding[] {
  switch (answer.packages) {
    case 'missing':
      return [{ code: 'PACKAGE_MANAGER_MISSING', detail: answer.reason }];
    case 'busy': {
      const { program, pid } = answer.holder;
      const name = pid === undefined ? program : `${program} (process ${pid})`;
      const detail = `${name} holds the package database.`;
      return [{ code: 'DPKG_LOCKED', detail, words: { pid: pid ?? 'PID' } }];
    }
    case 'read':
      return databaseFindings(answer);
  }
}

/** What is half installed, and what is installed and lacks something. */
function databaseFindings({
  interrupted,
  unconfigured,
  unmet,
  commands,
}: Extract<FaultsAnswer, { packages: 'read' }>): Finding[] {
  const findings: Finding[] = [];
  if (interrupted !== undefined)
    findings.push({ code: 'DPKG_INTERRUPTED', detail: `${interrupted} has unfinished parts.` });
  if (unconfigured.length > 0) {
    const detail = `${commands.audit} names ${unconfigured.join(', ')}.`;
    findings.push({ code: 'PACKAGES_UNCONFIGURED', detail, commands: { retry: commands.retry } });
  }
  if (unmet !== undefined) {
    const { mend } = commands;
    findings.push({ code: 'DEPENDENCIES_UNMET', detail: `${unmet}.`, commands: { mend } });
  }
  return findings;
}
