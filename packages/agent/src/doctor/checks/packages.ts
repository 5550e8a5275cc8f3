import { isPatchError } from '@linux-patch/contract';
import { FaultsAnswer } from '@linux-patch/worker';
import { openWorkerLink } from '../../worker-link/link.ts';
import { hostArguments } from '../../worker-link/program.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';

/** Whether packages can be worked with, and whether the part of the agent answers that does it. */
export async function checkPackages(
  { commands, root, paths, signal }: DoctorPlace,
  { config }: DoctorHost,
): Promise<Finding[]> {
  const { backend } = config.package_manager;
  const told = hostArguments({ root, configFile: paths.configFile, backend });
  using link = openWorkerLink({ commands, hostArguments: told });
  try {
    return findingsOf(await link.ask({ v: 1, op: 'faults' }, FaultsAnswer, { signal }));
  } catch (error) {
    if (!isPatchError(error, 'WORKER_UNAVAILABLE')) throw error;
    return [{ code: 'WORKER_UNAVAILABLE', detail: error.message }];
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
    findings.push({ code: 'PACKAGES_UNCONFIGURED', detail, words: { retry: commands.retry } });
  }
  if (unmet !== undefined) {
    const { mend } = commands;
    findings.push({ code: 'DEPENDENCIES_UNMET', detail: `${unmet}.`, words: { mend } });
  }
  return findings;
}
