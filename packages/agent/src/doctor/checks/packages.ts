import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { readDatabaseFaults } from '../../packages/apt/database-faults.ts';
import { findLockHolder, nameOfHolder } from '../../packages/apt/lock.ts';
import { openPackageManager } from '../../packages/open.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost } from './host.ts';

/** Whether packages can be worked with. */
export async function checkPackages(host: DoctorHost): Promise<Finding[]> {
  const { config } = host;
  try {
    await openPackageManager({ ...host, configured: config.package_manager.backend });
  } catch (error) {
    return [{ code: 'PACKAGE_MANAGER_MISSING', detail: messageOf(error) }];
  }
  const findings: Finding[] = [];
  const holder = await findLockHolder(host).catch(() => undefined);
  if (holder) {
    const detail = `${nameOfHolder(holder)} holds the locks of dpkg or apt.`;
    findings.push({ code: 'DPKG_LOCKED', detail, words: { pid: holder.pid ?? 'PID' } });
  }
  // While somebody holds the lock that is normal.
  if (!holder) findings.push(...(await checkDatabase(host)));
  return findings;
}

/** What is half installed, and what is installed and lacks something. */
async function checkDatabase(host: DoctorHost): Promise<Finding[]> {
  const { interrupted, unconfigured, unmet } = await readDatabaseFaults(host, host.signal);
  const findings: Finding[] = [];
  if (interrupted) {
    const detail = `${join(host.root, 'var/lib/dpkg/updates')} has unfinished parts.`;
    findings.push({ code: 'DPKG_INTERRUPTED', detail });
  }
  if (unconfigured.length > 0) {
    const detail = `dpkg --audit names ${unconfigured.join(', ')}.`;
    findings.push({ code: 'PACKAGES_UNCONFIGURED', detail });
  }
  if (unmet !== undefined) findings.push({ code: 'DEPENDENCIES_UNMET', detail: `${unmet}.` });
  return findings;
}
