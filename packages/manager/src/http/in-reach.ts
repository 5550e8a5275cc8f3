import type { Permission, Route } from '@linux-patch/contract';
import { type Reach, reachOf } from '../reach/reach.ts';
import type { Actor } from './actor.ts';

/** Looks for hosts on behalf of callers who may not see all of them. */
export interface HostFinder {
  /** @throws PatchError `HOST_NOT_FOUND`, in the same words for a host that is not among these and for none */
  getWithin(reach: Reach, reference: string): Promise<{ readonly id: string }>;
  isWithin(reach: Reach, hostId: string): Promise<boolean>;
}

/** What of the fleet a caller meets in a route. */
export interface InReach {
  /** Hosts that the caller may see; everything else is not there for them. */
  readonly sees: Reach;
  /** Hosts for which the caller may do what the route does: all that they see, or fewer. */
  readonly reach: Reach;
}

/** What a caller without a right meets. */
export const NOTHING: InReach = { sees: [], reach: [] };

/** What somebody with this permission meets. */
export function inReachOf(actor: Actor, permission: Permission): InReach {
  return { sees: reachOf(actor, 'hosts:read'), reach: reachOf(actor, permission) };
}

type Parameter = (name: string) => string;

/**
 * How a handler reads the parameters of a path. Of somebody who does not reach all hosts, the one that is named is looked for
 * among those that they see, and judged; the handler is told its id, which means no other.
 * @param refuse told that they see it, and may not do this to it
 * @throws PatchError `HOST_NOT_FOUND`, and what `refuse` throws
 */
export async function judgedParameter(
  { about }: Pick<Route, 'about'>,
  { sees, reach }: InReach,
  parameter: Parameter,
  by: { readonly hosts: HostFinder; readonly refuse: () => Promise<never> },
): Promise<Parameter> {
  if (about !== 'host' || reach === 'everywhere') return parameter;
  const { id } = await by.hosts.getWithin(sees, parameter('id'));
  if (!(await by.hosts.isWithin(reach, id))) await by.refuse();
  return (name) => (name === 'id' ? id : parameter(name));
}
