import {
  type Host,
  type HostQuery,
  MANAGER_ADMIN_ROUTES,
  MAX_SELECTOR_CHARACTERS,
} from '@linux-patch/contract';
import type { CommandContext } from './command-context.ts';

/** For `--help` of every command that takes several hosts. */
export const HOSTS_HELP = `
<hosts> is a name, address or id, several with commas between (web1,web2), a pattern of names
('web*.example.com', in quotes), @all, the hosts that are @current, @behind or @unknown, @reboot: those that need one,
@KEY=VALUE: those with that label, @group:NAME: those in that group, or @saved:NAME: those of that saved search. With + between, all of it must be so:
@group:web+@behind.`;

/** Whether this may mean several hosts; anything else is one host, which the manager looks up. */
export function isSeveral(reference: string): boolean {
  return /[,*?@+]/.test(reference);
}

/** The parts of a reference, in as many texts as it takes for none to be longer than the manager reads. */
export function inCalls(reference: string, most: number): string[] {
  const calls: string[] = [];
  for (const part of reference.split(',')) {
    const together = [...calls.slice(-1), part].join(',');
    if (calls.length > 0 && together.length <= most) calls[calls.length - 1] = together;
    else calls.push(part);
  }
  return calls;
}

/** What is to be done to hosts that are looked up; refused before it begins where the caller may not do it to all of them. */
type May = NonNullable<HostQuery['may']>;

/** The hosts that a reference means, by name, as they are on record; those that left are none of them. */
export async function findHosts(context: CommandContext, reference: string, may: May): Promise<Host[]> {
  const found = new Map<string, Host>();
  for (const hosts of inCalls(reference, MAX_SELECTOR_CHARACTERS)) {
    const chosen = await context.api.call(MANAGER_ADMIN_ROUTES.listHosts, { query: { hosts, may } });
    for (const host of chosen.hosts) found.set(host.fqdn, host);
  }
  return [...found.keys()].toSorted().flatMap((name) => found.get(name) ?? []);
}

/** Full names of the hosts that a reference means; those that left are none of them. */
export async function chooseHosts(context: CommandContext, reference: string, may: May): Promise<string[]> {
  return (await findHosts(context, reference, may)).map(({ fqdn }) => fqdn);
}
