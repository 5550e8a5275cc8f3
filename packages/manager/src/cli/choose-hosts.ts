import {
  type Host,
  INVENTORY_STATES,
  type InventoryState,
  MANAGER_ADMIN_ROUTES,
  MAX_PAGE,
  PatchError,
} from '@linux-patch/contract';
import type { CommandContext } from './command-context.ts';

/** For `--help` of every command that takes several hosts. */
export const HOSTS_HELP = `
<hosts> is a name, address or id, several with commas between (web1,web2), a pattern of names
('web*.example.com', in quotes), @all, the hosts that are @current, @behind or @unknown, or @reboot: those that need one.`;

/** Whether this may mean several hosts; anything else is one host, which the manager looks up. */
export function isSeveral(reference: string): boolean {
  return /[,*?@]/.test(reference);
}

type Known = Pick<Host, 'id' | 'fqdn' | 'ip_address'>;

/** Hosts of one part of a reference. Groups with names of their own will be one more kind of `@WORD`. */
type FindWord = (word: string) => Promise<ReadonlySet<string>>;

function matcherOf(pattern: string): RegExp {
  const source = pattern
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, (one) => (one === '*' ? '.*' : one === '?' ? '.' : `\\${one}`));
  return new RegExp(`^${source}$`, 's');
}

function byName(fleet: readonly Known[], name: string): Known[] {
  const wanted = name.toLowerCase();
  const exact = fleet.filter(({ id, fqdn, ip_address }) => [id, fqdn, ip_address].includes(wanted));
  const found = exact.length > 0 ? exact : fleet.filter(({ fqdn }) => fqdn.startsWith(`${wanted}.`));
  if (found.length === 1) return found;
  throw new PatchError(
    'HOST_NOT_FOUND',
    found.length === 0
      ? `There is no host ${name}. Nothing was done. "linux-patch-manager hosts list" shows the fleet.`
      : `Several hosts are called ${name}: ${found.map(({ fqdn }) => fqdn).join(', ')}. Use the full name. Nothing was done.`,
  );
}

/**
 * The hosts that a reference means, each once, by name.
 * @throws PatchError `HOST_NOT_FOUND` for a part that means no host: nothing is ever taken for everything
 */
export async function namesMeant(
  fleet: readonly Known[],
  reference: string,
  findWord: FindWord,
): Promise<string[]> {
  const meant = new Set<string>();
  for (const part of reference.split(',').map((one) => one.trim())) {
    const ids = part.startsWith('@') ? await findWord(part.slice(1)) : undefined;
    const matcher = /[*?]/.test(part) ? matcherOf(part) : undefined;
    const found = ids
      ? fleet.filter(({ id }) => ids.has(id))
      : matcher
        ? fleet.filter(({ fqdn }) => matcher.test(fqdn))
        : byName(fleet, part);
    if (found.length === 0)
      throw new PatchError(
        'HOST_NOT_FOUND',
        `${part || 'An empty name'} means no host now. Nothing was done.`,
      );
    for (const { fqdn } of found) meant.add(fqdn);
  }
  return [...meant].toSorted();
}

async function hostsInState(context: CommandContext, state: InventoryState): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let offset = 0; ; offset += MAX_PAGE) {
    const query = { state, limit: MAX_PAGE.toString(), offset: offset.toString() };
    const { hosts, total } = await context.api.call(MANAGER_ADMIN_ROUTES.inventory, { query });
    for (const { id } of hosts) ids.add(id);
    if (hosts.length === 0 || offset + hosts.length >= total) return ids;
  }
}

/** Full names of the hosts that a reference means; those that left are none of them. */
export async function chooseHosts(context: CommandContext, reference: string): Promise<string[]> {
  const { hosts } = await context.api.call(MANAGER_ADMIN_ROUTES.listHosts);
  const fleet = hosts.filter(({ left_at }) => left_at === null);
  return namesMeant(fleet, reference, async (word) => {
    if (word === 'all') return new Set(fleet.map(({ id }) => id));
    if (word === 'reboot') return new Set(hosts.filter(({ reboot }) => reboot.needed).map(({ id }) => id));
    const state = INVENTORY_STATES.find((one) => one === word);
    if (state) return hostsInState(context, state);
    throw new PatchError(
      'INVALID_REQUEST',
      `@${word} means nothing: it is @all, @reboot, ${INVENTORY_STATES.map((one) => `@${one}`).join(', ')}. Nothing was done.`,
    );
  });
}
