import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { findLockHolder, nameOfHolder } from '../package-manager/apt/lock.ts';
import { openPackageManager } from '../package-manager/open.ts';
import type { Finding } from './finding.ts';
import type { DoctorHost } from './host.ts';

/** Whether packages can be worked with. */
export async function checkPackages(host: DoctorHost): Promise<Finding[]> {
  const { files, root, config } = host;
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
  // dpkg(1) leaves its journal here until its work is done; while somebody holds the lock that is normal.
  const journal = join(root, 'var/lib/dpkg/updates');
  const parts = await files.list(journal, { missingOk: true }).catch(() => []);
  if (parts.some((name) => /^\d+$/.test(name)) && !holder) {
    findings.push({ code: 'DPKG_INTERRUPTED', detail: `${journal} has ${parts.length} unfinished parts.` });
  }
  return findings;
}
