import type { Clock } from '@linux-patch/runtime';
import { type AddressSources, chooseAddress } from './reported-address.ts';

/** How often the address is looked at; a name is resolved each time. */
const LOOK_MS = 5 * 60_000;

/** What the manager was told when this host joined or renewed. */
interface Told {
  /** Null where the manager was of the older generation, which takes no renewals. */
  readonly manager_client: unknown;
  readonly reported_address?: string | undefined;
}

export interface AddressWatchOptions extends Omit<AddressSources, 'managerUrl'> {
  readonly clock: Clock;
}

/** Whether this host has another address than its manager was told. */
export interface AddressWatch {
  /** The address to tell, undefined while there is none. */
  readonly moved: string | undefined;
  look(told: Told, managerUrl: string | undefined): Promise<void>;
}

/**
 * Watches the address from which packets to the manager leave. Right after the start a new one counts at once; later it
 * has to be there at two looks, because networks that come and go have passing ones.
 */
export function createAddressWatch(options: AddressWatchOptions): AddressWatch {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let seen: string | undefined;
  let moved: string | undefined;
  return {
    get moved() {
      return moved;
    },
    async look(told, managerUrl) {
      if (!canBeTold(told)) return;
      const now = options.clock.monotonicMs();
      const isFirst = lookedMs === Number.NEGATIVE_INFINITY;
      if (!isFirst && now - lookedMs < LOOK_MS) {
        if (moved === told.reported_address) moved = undefined;
        return;
      }
      lookedMs = now;
      const found = managerUrl === undefined ? undefined : await findAddress(options, managerUrl);
      const isSteady = isFirst || found === seen;
      seen = found;
      moved = isSteady && found !== told.reported_address ? found : undefined;
    },
  };
}

/** Without a word that it was told there is nothing to compare. */
function canBeTold({ manager_client, reported_address }: Told): boolean {
  return manager_client !== null && reported_address !== undefined;
}

async function findAddress(
  { network, reportIp, reportInterface, signal }: AddressWatchOptions,
  managerUrl: string,
): Promise<string | undefined> {
  // Without a network there is no address, and nobody to tell it.
  return chooseAddress({
    network,
    managerUrl: new URL(managerUrl),
    reportIp,
    reportInterface,
    signal,
  }).catch(() => undefined);
}
