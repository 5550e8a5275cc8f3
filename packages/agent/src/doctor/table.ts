import type { CheckTraits } from '@linux-patch/runtime/findings';
import { ENROLLMENT_CHECKS } from './table-enrollment.ts';
import { CERTIFICATE_CHECKS, STORE_CHECKS } from './table-identity.ts';
import { CLOCK_CHECKS, CONFIG_CHECKS, FILE_CHECKS, HOST_CHECKS, KERNEL_CHECKS } from './table-local.ts';
import { ACCESS_CHECKS, MANAGER_CHECKS, NETWORK_CHECKS, PACKAGE_CHECKS } from './table-remote.ts';
import { PORT_CHECKS, SERVICE_CHECKS } from './table-service.ts';

/**
 * Every state that the doctor knows. The order is that of causes: of two findings that are equally bad the one that
 * comes first here is named first, because the other may be its consequence.
 */
export const DOCTOR_CHECKS = {
  ...CONFIG_CHECKS,
  ...FILE_CHECKS,
  ...CLOCK_CHECKS,
  ...HOST_CHECKS,
  ...KERNEL_CHECKS,
  ...STORE_CHECKS,
  ...PORT_CHECKS,
  ...NETWORK_CHECKS,
  ...MANAGER_CHECKS,
  ...ENROLLMENT_CHECKS,
  ...CERTIFICATE_CHECKS,
  ...ACCESS_CHECKS,
  ...PACKAGE_CHECKS,
  ...SERVICE_CHECKS,
} as const satisfies Record<string, CheckTraits>;

export type DoctorCode = keyof typeof DOCTOR_CHECKS;
