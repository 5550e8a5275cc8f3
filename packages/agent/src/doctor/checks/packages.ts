import { isPatchError } from '@linux-patch/contract';
import { FaultsAnswer } from '@linux-patch/worker';
import { isBehindSocket, workerOf } from '../../worker-link/choose-worker.ts';
import { openWorkerLink } from '../../worker-link/link.ts';
import {
  findUnitFault,
  REFRESH_UNITS,
  type UnitFault,
  WORKER_UNITS,
  type WorkerUnits,
} from '../../worker-link/unit-fault.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';

type At = Pick<DoctorPlace, 'root' | 'files' | 'commands' | 'paths' | 'signal'>;

/** Whether packages can be worked with, and whether the parts of the agent answer that do it and that refresh the lists. */
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
  const behindSocket = await isBehindSocket(host);
  const faultOf = async (units: WorkerUnits) =>
    behindSocket ? findUnitFault(units, { commands, signal }) : undefined;
  const refresh = await faultOf(REFRESH_UNITS);
  const findings = refresh ? [notStarted('REFRESH_NOT_STARTED', refresh)] : [];
  using link = openWorkerLink(workerOf(host));
  try {
    return [...findings, ...findingsOf(await link.ask({ v: 1, op: 'faults' }, FaultsAnswer, { signal }))];
  } catch (error) {
    if (!isPatchError(error, 'WORKER_UNAVAILABLE')) throw error;
    const fault = await faultOf(WORKER_UNITS);
    const own = fault && notStarted('WORKER_NOT_STARTED', fault);
    return [own ?? { code: 'WORKER_UNAVAILABLE', detail: error.message }, ...findings];
  }
}

function notStarted(code: 'WORKER_NOT_STARTED' | 'REFRESH_NOT_STARTED', { what, mend }: UnitFault): Finding {
  return { code, detail: `${what}.`, commands: { mend } };
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
