import type { AgentContext } from '../app/agent-context.ts';
import type { IdentityMeta } from '../identity/store/identity-meta.ts';
import { chooseAddress } from './host-identity.ts';

/** How often the address is looked at; a name is resolved each time. */
const LOOK_MS = 5 * 60_000;

/** Whether this host has another address than its manager was told. */
export interface AddressWatch {
  /** The address to tell, undefined while there is none. */
  readonly moved: string | undefined;
  look(meta: IdentityMeta, managerUrl: string | undefined): Promise<void>;
}

/**
 * Watches the address from which packets to the manager leave. Right after the start a new one counts at once; later it
 * has to be there at two looks, because networks that come and go have passing ones.
 */
export function createAddressWatch(context: AgentContext): AddressWatch {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let seen: string | undefined;
  let moved: string | undefined;
  return {
    get moved() {
      return moved;
    },
    async look(meta, managerUrl) {
      if (!canBeTold(meta)) return;
      const now = context.clock.monotonicMs();
      const isFirst = lookedMs === Number.NEGATIVE_INFINITY;
      if (!isFirst && now - lookedMs < LOOK_MS) {
        if (moved === meta.reported_address) moved = undefined;
        return;
      }
      lookedMs = now;
      const found = managerUrl === undefined ? undefined : await findAddress(context, managerUrl);
      const isSteady = isFirst || found === seen;
      seen = found;
      moved = isSteady && found !== meta.reported_address ? found : undefined;
    },
  };
}

/** A manager of the older generation takes no renewals, and without a word that it was told there is nothing to compare. */
function canBeTold({ manager_client, reported_address }: IdentityMeta): boolean {
  return manager_client !== null && reported_address !== undefined;
}

async function findAddress(context: AgentContext, managerUrl: string): Promise<string | undefined> {
  const { report_ip: reportIp, report_interface: reportInterface } = context.config.enrollment;
  const sources = { ...context, managerUrl: new URL(managerUrl), reportIp, reportInterface };
  // Without a network there is no address, and nobody to tell it.
  return chooseAddress(sources).catch(() => undefined);
}
