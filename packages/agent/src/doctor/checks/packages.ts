import { messageOf } from '@linux-patch/contract';
import { nameOfHolder, openHostPolicy, openPackageManager, type PackageManager } from '@linux-patch/worker';
import type { Finding } from '../finding.ts';
import type { DoctorHost } from './host.ts';

/** Whether packages can be worked with. */
export async function checkPackages(host: DoctorHost): Promise<Finding[]> {
  const { commands, files, clock, root, config, paths } = host;
  const configured = config.package_manager.backend;
  let packages: PackageManager;
  try {
    const policy = openHostPolicy({ files, path: paths.policyFile, root });
    packages = await openPackageManager({ commands, files, clock, root, configured, policy });
  } catch (error) {
    return [{ code: 'PACKAGE_MANAGER_MISSING', detail: messageOf(error) }];
  }
  const findings: Finding[] = [];
  const holder = await packages.lockHolder().catch(() => undefined);
  if (holder) {
    const detail = `${nameOfHolder(holder)} holds the locks of dpkg or apt.`;
    findings.push({ code: 'DPKG_LOCKED', detail, words: { pid: holder.pid ?? 'PID' } });
  }
  // While somebody holds the lock that is normal.
  if (!holder) findings.push(...(await checkDatabase(packages, host.signal)));
  return findings;
}

/** What is half installed, and what is installed and lacks something. */
async function checkDatabase(packages: PackageManager, signal: AbortSignal): Promise<Finding[]> {
  const { interrupted, unconfigured, unmet } = await packages.faults(signal);
  const findings: Finding[] = [];
  if (interrupted !== undefined)
    findings.push({ code: 'DPKG_INTERRUPTED', detail: `${interrupted} has unfinished parts.` });
  if (unconfigured.length > 0) {
    const detail = `dpkg --audit names ${unconfigured.join(', ')}.`;
    findings.push({ code: 'PACKAGES_UNCONFIGURED', detail });
  }
  if (unmet !== undefined) findings.push({ code: 'DEPENDENCIES_UNMET', detail: `${unmet}.` });
  return findings;
}
