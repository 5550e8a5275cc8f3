import { readUnit, unitFaults } from '@linux-patch/runtime/findings';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';

const UNIT = 'linux-patch-api.service';

type Asked = Pick<DoctorPlace, 'commands' | 'signal'>;

/** The service under systemd; other service managers are not asked. */
export async function checkService(
  at: Asked,
  { underSystemd }: Pick<DoctorHost, 'underSystemd'>,
): Promise<Finding[]> {
  const unit = underSystemd ? await readUnit(at, UNIT) : undefined;
  return unit ? unitFaults(unit, UNIT) : [];
}

/** Whether systemd shows the service as failed, so that it may refuse to start it. */
export async function hasFailed(place: Asked): Promise<boolean> {
  return (await readUnit(place, UNIT))?.get('ActiveState') === 'failed';
}
