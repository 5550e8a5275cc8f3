import { DEFAULT_PAGE, type GroupHostsChanged, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import { requireStill } from '../audit/acting.ts';
import type { ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { chooseHosts } from '../hosts/choose.ts';
import type { RouteInput, Routes } from '../http/routes.ts';
import { getGroup, readGroups, viewGroup } from './find.ts';
import { addMembers, removeMembers } from './members.ts';
import { changeGroup, createGroup, deleteGroup, type GroupContext, readMembers } from './store.ts';

interface GroupSources extends GroupContext {
  /** For what is about the whole fleet. */
  readonly reads: Kysely<ManagerTables>;
  /** How old a listing of a host may be that counts. */
  readonly lifeMs: number;
}

/** Which way hosts go. */
interface Way {
  readonly change: typeof addMembers;
  /** Whether hosts are meant as well that left. */
  readonly withLeft: boolean;
}

const INTO: Way = { change: addMembers, withLeft: false };
const OUT: Way = { change: removeMembers, withLeft: true };

type Asked = Pick<
  RouteInput<typeof MANAGER_ADMIN_ROUTES.addToGroup>,
  'parameter' | 'body' | 'actor' | 'request'
>;

/** Which hosts are meant is found out before the transaction, beside the thread that serves. */
async function changeMembers(
  { db, reads, audit, clock, lifeMs }: GroupSources,
  { change, withLeft }: Way,
  { parameter, body, actor, request }: Asked,
): Promise<GroupHostsChanged> {
  const name = parameter('name');
  await getGroup(reads, name);
  const freshness = { nowMs: clock.now(), lifeMs, signal: request.signal };
  const ids = [...(await chooseHosts(reads, body.hosts, freshness, { withLeft }))];
  return inTransaction(db, async (own) => {
    requireStill(actor);
    const group = await getGroup(own, name);
    const changed = await change(audit, own, { group, ids, actor: actor.name });
    return { group: await viewGroup(own, group.id), changed, unchanged: ids.length - changed };
  });
}

/** What people call about groups of hosts. */
export function serveGroupRoutes(routes: Routes, sources: GroupSources): void {
  const { reads } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.listGroups, async () => {
    const groups = await readGroups(reads);
    return { groups, total: groups.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.createGroup, ({ body, actor }) => createGroup(sources, body, actor));
  routes.serve(MANAGER_ADMIN_ROUTES.getGroup, ({ parameter, query: { limit = DEFAULT_PAGE, offset = 0 } }) =>
    readMembers(reads, parameter('name'), { limit, offset }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.changeGroup, ({ parameter, body, actor }) =>
    changeGroup(sources, parameter('name'), { ...body, by: actor }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.deleteGroup, ({ parameter, actor }) =>
    deleteGroup(sources, parameter('name'), actor),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.addToGroup, (input) => changeMembers(sources, INTO, input));
  routes.serve(MANAGER_ADMIN_ROUTES.removeFromGroup, (input) => changeMembers(sources, OUT, input));
}
