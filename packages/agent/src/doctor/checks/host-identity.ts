import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { readFqdn } from '../../host/host-name.ts';
import { readMachineId } from '../../host/machine-id.ts';
import { chooseAddress } from '../../host/reported-address.ts';
import { isUsable } from '../../identity/identity.ts';
import type { Finding } from '../finding.ts';
import { type DoctorHost, managerUrlOf } from './host.ts';

/** What is needed to find out who the host is. */
type Asked = Pick<DoctorHost, 'files' | 'commands' | 'network' | 'root' | 'config' | 'meta' | 'identity'>;

/** Whether this host can say who it is. What only an enrolment needs is less bad while there is an identity. */
export async function checkHostIdentity(host: Asked): Promise<Finding[]> {
  const { files, root, config } = host;
  const managerUrl = managerUrlOf(host);
  if (managerUrl === undefined) return [];
  const sources = {
    ...host,
    managerUrl,
    reportIp: config.enrollment.report_ip,
    reportInterface: config.enrollment.report_interface,
  };
  const weight = isUsable(host.identity) ? ({ severity: 'warning' } as const) : {};
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
