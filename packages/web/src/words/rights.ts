import type { Host, OwnSession } from '@linux-patch/contract';

/** What somebody may do: a role for all hosts, and roles for some. */
export interface Rights {
  readonly role: string;
  readonly bindings: readonly { readonly role: string; readonly on: string }[];
}

/** In the place of a role for all hosts. */
export const NONE = 'none';

/** What somebody may do, in a few words; the same words for the same rights. */
export function describeRights({ role, bindings }: Rights): string {
  const bound = bindings.map((one) => `${one.role} for ${one.on}`).sort();
  return [...(role === NONE && bound.length > 0 ? [] : [role]), ...bound].join(', ');
}

/** Why these are no rights to give; undefined when they are. */
export function whyNoRights({ role, bindings }: Rights): string | undefined {
  return role === NONE && bindings.length === 0
    ? 'Choose a role, or add hosts for which there is one.'
    : undefined;
}

/** By what a role can be for a host. */
export type Governed = Pick<Host, 'groups' | 'labels'>;

function isFor(on: string, { groups, labels }: Governed): boolean {
  if (on.startsWith('@group:')) return groups.includes(on.slice('@group:'.length));
  const at = on.indexOf('=');
  return labels[on.slice(1, at)] === on.slice(at + 1);
}

/**
 * Why somebody signed in may not do something; undefined when they may.
 * @param host to which; without it the manager has the word about hosts
 */
export function whyNot(
  { person, permissions, bound }: Pick<OwnSession, 'permissions' | 'bound'> & { readonly person: Rights },
  permission: string,
  host?: Governed,
): string | undefined {
  if (permissions.includes(permission)) return undefined;
  const places = bound.filter((one) => one.permissions.includes(permission)).map(({ on }) => on);
  if (places.length === 0)
    return `Your role, ${describeRights(person)}, does not allow this (${permission}).`;
  if (!host || places.some((on) => isFor(on, host))) return undefined;
  return `Your role allows this (${permission}) for ${places.join(', ')}, and this host is none of those.`;
}
