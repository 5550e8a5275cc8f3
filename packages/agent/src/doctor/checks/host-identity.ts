import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { readMachineId } from '@linux-patch/worker';
import { readFqdn } from '../../host/host-name.ts';
import { chooseAddress } from '../../host/reported-address.ts';
import { isUsable } from '../../identity/identity.ts';
import type { IdentityInspection } from '../../identity/inspect.ts';
import type { Finding } from '../finding.ts';
import { type DoctorHost, type DoctorPlace, managerUrlOf } from './host.ts';

/** What is known already of who the host is. */
type Known = Pick<DoctorHost, 'config'> & {
  readonly inspection: Pick<IdentityInspection, 'meta' | 'status'>;
};

/** Whether this host can say who it is. What only an enrolment needs is less bad while there is an identity. */
export async function checkHostIdentity(
  at: Pick<DoctorPlace, 'files' | 'commands' | 'network' | 'root'>,
  host: Known,
): Promise<Finding[]> {
  const { root, files, commands, network } = at;
  const { config, inspection } = host;
  const managerUrl = managerUrlOf(host);
  if (managerUrl === undefined) return [];
  const sources = {
    root,
    files,
    commands,
    network,
    managerUrl,
    reportIp: config.enrollment.report_ip,
    reportInterface: config.enrollment.report_interface,
  };
  const weight = isUsable(inspection.status) ? ({ severity: 'warning' } as const) : {};
  const findings: Finding[] = [];
  const path = join(root, 'etc/machine-id');
  const raw = (await files.readText(path).catch(() => undefined))?.trim();
  await readMachineId(files, root).catch((error: unknown) => {
    const code = raw === 'uninitialized' ? 'MACHINE_ID_UNINITIALIZED' : 'MACHINE_ID_MISSING';
    findings.push({ code, detail: messageOf(error), words: { path }, ...weight });
  });
  await readFqdn(sources).catch((error: unknown) =>
    findings.push({ code: 'HOST_NAME_UNUSABLE', detail: messageOf(error), ...weight }),
  );
  await chooseAddress(sources).catch((error: unknown) =>
    findings.push({ code: 'HOST_ADDRESS_MISSING', detail: messageOf(error), ...weight }),
  );
  return findings;
}
