import type { CleanHostCase } from './case.ts';
import { BAD_CERTIFICATES } from './cases/bad-certificates.ts';
import { DISTRIBUTIONS } from './cases/distributions.ts';
import { FLEET } from './cases/fleet.ts';
import { GUIDE } from './cases/guide.ts';
import { IPV6 } from './cases/ipv6.ts';
import { JOINING } from './cases/joining.ts';
import { LIFECYCLE } from './cases/lifecycle.ts';
import { MANAGER_UPGRADE } from './cases/manager-upgrade.ts';
import { MIGRATION } from './cases/migration.ts';
import { ONE_LINE } from './cases/one-line.ts';
import { OPENRC } from './cases/openrc.ts';
import { OWNERS } from './cases/owners.ts';
import { PATCHING } from './cases/patching.ts';
import { POWER } from './cases/power.ts';
import { REBOOT } from './cases/reboot.ts';
import { ROOTS_CHANGES } from './cases/roots-changes.ts';
import { SERVICES } from './cases/services.ts';
import { TROUBLE } from './cases/trouble.ts';
import { WORKER } from './cases/worker.ts';

/** Everything that is shown on clean hosts, the slowest first. */
export const CLEAN_HOST_CASES: readonly CleanHostCase[] = [
  ...FLEET,
  ...DISTRIBUTIONS,
  ...REBOOT,
  ...SERVICES,
  ...MIGRATION,
  ...JOINING,
  ...ONE_LINE,
  ...IPV6,
  ...BAD_CERTIFICATES,
  ...LIFECYCLE,
  ...MANAGER_UPGRADE,
  ...POWER,
  ...OWNERS,
  ...ROOTS_CHANGES,
  ...PATCHING,
  ...OPENRC,
  ...TROUBLE,
  ...WORKER,
  ...GUIDE,
];
