import { type GivenBindings, NO_ROLE, ROLES, type RoleBinding, type RoleForAll } from '@linux-patch/contract';
import { type Command, Option } from 'commander';
import { roleBinding } from './arguments.ts';

/** Which roles somebody is to have. */
export interface RoleOptions {
  readonly role?: RoleForAll;
  readonly bind?: readonly RoleBinding[];
}

/** Options for the roles of a person or an API token. */
export function withRoles(command: Command, what: string): Command {
  const roles = Object.entries(ROLES).map(([name, { meaning }]) => `${name}: ${meaning}`);
  return command
    .addOption(
      new Option(
        '--role <role>',
        `${what} with all hosts and the manager itself; ${NO_ROLE} with --bind. ${roles.join(' ')}`,
      ).choices([...Object.keys(ROLES), NO_ROLE]),
    )
    .option(
      '--bind <role:hosts>',
      'a role for some hosts: a group, as operator:@group:web, or a label, as viewer:@env=test; may be repeated',
      roleBinding,
    );
}

/** The same, of which at least one has to be said. */
export function withNewRoles(command: Command, what: string): Command {
  return withRoles(command, what).hook('preAction', (_, chosen) => {
    const { role, bind } = chosen.opts<RoleOptions>();
    if (role === undefined && bind === undefined)
      chosen.error(
        "error: required option '--role <role>' not specified; --bind <role:hosts> takes its place for some hosts",
      );
  });
}

/** What somebody who is made may do: --bind alone is for those hosts and nothing else. */
export function rolesToMake({ role, bind }: RoleOptions) {
  return { role: role ?? NO_ROLE, ...(bind ? { bindings: [...bind] } : {}) } as const;
}

/** What somebody may do, in a few words. */
export function describeRoles({
  role,
  bindings,
}: {
  readonly role: string;
  readonly bindings: GivenBindings;
}): string {
  const bound = bindings.map((one) => `${one.role} for ${one.on}`);
  return [...(role === NO_ROLE && bound.length > 0 ? [] : [role]), ...bound].join(', ');
}

/** The same as a sentence, with what the role for all hosts means. */
export function explainRoles(given: { readonly role: string; readonly bindings: GivenBindings }): string {
  const meaning = Object.entries(ROLES).find(([name]) => name === given.role)?.[1].meaning;
  return meaning === undefined ? `${describeRoles(given)}.` : `${describeRoles(given)}: ${meaning}`;
}
