import type { GroupMembers, Host } from '@linux-patch/contract';
import { expect } from 'vitest';
import { dataOf } from './known-host.ts';
import { operatorCalls } from './operator.ts';
import type { World } from './world.ts';

/** What an operator calls about groups. */
export function groupCalls() {
  const operator = operatorCalls('groups');
  const { over } = operator;
  let count = 0;
  const add = (name: string, hosts: string) => over('POST', `/groups/${name}/add`, { hosts });
  return {
    ...operator,
    add,
    remove: (name: string, hosts: string) => over('POST', `/groups/${name}/remove`, { hosts }),
    /** A group that no other test has, with these hosts. */
    group: async (...hosts: readonly { readonly fqdn: string }[]): Promise<string> => {
      count += 1;
      const name = `group-${count}`;
      expect((await over('POST', '/groups', { name })).status).toBe(200);
      const names = hosts.map(({ fqdn }) => fqdn).join(',');
      if (hosts.length > 0) expect((await add(name, names)).status).toBe(200);
      return name;
    },
    shown: async (name: string, query = '') =>
      dataOf<GroupMembers>(await over('GET', `/groups/${name}${query}`)),
    groupsOf: async ({ fqdn }: { readonly fqdn: string }) =>
      dataOf<Host>(await over('GET', `/hosts/${fqdn}`)).groups,
    /** Records about a group since it was made, without its calls. */
    audited: async (name: string) =>
      (await operator.audited('group_')).filter((row) => 'group' in row && row.group === name),
  };
}

/** Writes down that a host left, as it does itself. */
export const letLeave = ({ database, clock }: World, { fqdn }: { readonly fqdn: string }) =>
  database.db.updateTable('hosts').set({ left_at: clock.now() }).where('fqdn', '=', fqdn).execute();
