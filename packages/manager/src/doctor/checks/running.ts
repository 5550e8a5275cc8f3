import { networkInterfaces } from 'node:os';
import { isPatchError, MANAGER_ADMIN_ROUTES, messageOf, VERSION } from '@linux-patch/contract';
import { findPortHolder, hasAddress } from '@linux-patch/runtime';
import { readUnit, unitFaults } from '@linux-patch/runtime/findings';
import type { ApiClient } from '../../cli/api-client.ts';
import type { ManagerConfig } from '../../config/schema.ts';
import type { Finding } from '../finding.ts';
import { judgeWays } from './identity-provider.ts';
import type { ManagerPlace } from './place.ts';

const UNIT = 'linux-patch-manager.service';

/** The service, whether it answers, and what it says of itself and the fleet. */
export async function checkRunning(
  at: ManagerPlace,
  config: ManagerConfig,
  api: ApiClient,
): Promise<Finding[]> {
  const service = await checkService(at);
  try {
    return [...service, ...(await askManager(api, at, config))];
  } catch (error) {
    return [...service, ...(await explain(error, at, config, service))];
  }
}

/** The unit under systemd; a private root has none. */
export async function checkService(at: ManagerPlace): Promise<Finding[]> {
  if (at.root !== '/' || !(await at.files.facts('/run/systemd/system'))) return [];
  const unit = await readUnit(at, UNIT);
  return unit ? unitFaults(unit, UNIT) : [];
}

async function explain(
  error: unknown,
  { files, paths }: ManagerPlace,
  config: ManagerConfig,
  service: readonly Finding[],
): Promise<Finding[]> {
  if (!isPatchError(error)) return [{ code: 'CHECK_FAILED', detail: `running: ${messageOf(error)}` }];
  const detail = error.message;
  // That nothing was made yet is found in the folder.
  if (error.code === 'NOT_INITIALIZED') return [];
  if (error.code === 'DATABASE_UNAVAILABLE') return [{ code: 'DATABASE_AWAY', detail }];
  if (error.code === 'MANAGER_UNTRUSTED')
    return [{ code: 'SOCKET_UNTRUSTED', detail, words: { path: paths.adminSocket } }];
  const holder = await findPortHolder(config.server.port, { files }).catch(() => undefined);
  const taken: Finding[] = holder
    ? [
        {
          code: 'PORT_TAKEN',
          detail: `${holder.program} (process ${holder.pid}) listens on port ${config.server.port}.`,
          words: { pid: holder.pid },
        },
      ]
    : [];
  const why = [...taken, ...checkAddress(config.server.bind)];
  const isTold = service.some((one) => one.code !== 'SERVICE_NOT_ENABLED');
  return isTold ? why : [...why, { code: 'NOT_ANSWERING', detail }];
}

function checkAddress(bind: string): Finding[] {
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  return hasAddress(own, bind) ? [] : [{ code: 'BIND_ADDRESS_MISSING', detail: `server.bind is ${bind}.` }];
}

async function askManager(
  api: ApiClient,
  { clock }: ManagerPlace,
  config: ManagerConfig,
): Promise<Finding[]> {
  const status = await api.call(MANAGER_ADMIN_ROUTES.status);
  const { people } = await api.call(MANAGER_ADMIN_ROUTES.listPeople);
  const { hosts } = await api.call(MANAGER_ADMIN_ROUTES.jobKey);
  const { figures } = await api.call(MANAGER_ADMIN_ROUTES.inventory, { query: { limit: '1' } });
  const refusing = hosts.foreign + hosts.unreadable;
  const found: (Finding | false)[] = [
    status.database_trouble !== null && { code: 'DATABASE_FULL', detail: status.database_trouble },
    status.version !== VERSION && {
      code: 'RESTART_NEEDED',
      detail: `Version ${status.version} runs, and ${VERSION} is installed.`,
    },
    !people.some((one) => one.role === 'admin' && one.state === 'active') && {
      code: 'NO_ADMINISTRATOR',
      detail: `${people.length} people are on record, none of them an active administrator.`,
    },
    status.older_agents.allowed === 'all' && {
      code: 'OLDER_AGENTS_ALLOWED',
      detail: 'enrollment.allow_legacy_agents is true.',
    },
    (status.pending_enrollments ?? 0) > 0 && {
      code: 'HOSTS_WAITING',
      detail: `${status.pending_enrollments} ask to join.`,
    },
    figures.unknown > 0 && {
      code: 'HOSTS_UNKNOWN',
      detail: `${figures.unknown} of ${figures.hosts}, at ${new Date(clock.now()).toISOString()}.`,
    },
    refusing > 0 && { code: 'HOSTS_REFUSE', detail: `${refusing} of ${figures.hosts}.` },
  ];
  return [...found.filter((one) => one !== false), ...judgeWays(people, config)];
}
