import {
  isPatchError,
  PatchError,
  type ServiceList,
  type ServiceState,
  ServiceUnit,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { listServices, type ServicesHost } from './list.ts';
import { parseInstant, type SystemdHost, showUnits, type UnitProperties } from './systemd.ts';

const PROPERTIES = [
  'Id',
  'Description',
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'MainPID',
  'StateChangeTimestamp',
];
const MOST_CHARACTERS = 64;
const MOST_DESCRIPTION = 512;

/**
 * How a service of this host is, and whether it runs code that was replaced.
 * @throws PatchError `SERVICE_NOT_FOUND`, `NOT_SUPPORTED`, `SERVICE_UNHEALTHY`
 */
export async function readServiceState(
  host: SystemdHost & ServicesHost,
  name: string,
  signal: AbortSignal,
): Promise<ServiceState> {
  const [shown = {}] = await showUnits(host, [name], PROPERTIES);
  const state = stateOf(name, shown);
  const list = await listServices(host, signal).catch((error: unknown) => {
    if (isPatchError(error, 'SERVICE_UNHEALTHY')) return undefined;
    throw error;
  });
  return { ...state, ...codeOf(state, list) };
}

/** @throws PatchError for a unit that there is not */
export function requireFound(name: string, { LoadState: load }: UnitProperties): void {
  if (load === 'not-found')
    throw new PatchError('SERVICE_NOT_FOUND', `This host has no service named ${name}.`, {
      details: { name },
    });
}

function stateOf(asked: string, shown: UnitProperties): Omit<ServiceState, 'old_code' | 'outdated'> {
  requireFound(asked, shown);
  const word = (key: string): string => printableLine(shown[key] ?? '').slice(0, MOST_CHARACTERS);
  const pid = Number(shown['MainPID']);
  return {
    name: ServiceUnit.safeParse(shown['Id']).data ?? asked,
    display_name: printableLine(shown['Description'] ?? '').slice(0, MOST_DESCRIPTION),
    load_state: word('LoadState'),
    active_state: word('ActiveState'),
    sub_state: word('SubState'),
    enabled_state: word('UnitFileState') || null,
    main_pid: Number.isSafeInteger(pid) && pid > 0 ? pid : null,
    since: parseInstant(shown['StateChangeTimestamp']) ?? null,
    healthy: shown['ActiveState'] === 'active',
  };
}

/** A service that is not named has no process; where not all were looked at, that is not known of one that is up. */
function codeOf(
  { name, active_state }: Pick<ServiceState, 'name' | 'active_state'>,
  list: ServiceList | undefined,
): Pick<ServiceState, 'old_code' | 'outdated'> {
  const found = list?.services.find((one) => one.name === name);
  if (found) return { old_code: found.old_code, outdated: found.outdated };
  const isKnown = list && (list.complete || ['inactive', 'failed'].includes(active_state));
  return { old_code: isKnown ? 'no' : 'unknown', outdated: [] };
}
