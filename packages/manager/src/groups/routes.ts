import {
  DEFAULT_PAGE,
  type GroupHostsChanged,
  MANAGER_ADMIN_ROUTES,
  PatchError,
} from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import { requireStill } from '../audit/acting.ts';
import type { HostGroupRow, ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { chooseHosts } from '../hosts/choose.ts';
import type { RouteInput, Routes } from '../http/routes.ts';
import { type Reach, reachesGroup } from '../reach/reach.ts';
import { requireWithin } from '../reach/within.ts';
import { getSeenGroup, readGroups, viewGroup } from './find.ts';
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
  'parameter' | 'body' | 'actor' | 'request' | 'sees' | 'reach'
>;

/**
 * Who has a role for some hosts moves hosts only into and out of the groups that the role is bound to: otherwise they could
 * take hosts under it, or hand theirs to others.
 * @throws PatchError `FORBIDDEN`
 */
function requireGoverned(reach: Reach, { id, name }: Pick<HostGroupRow, 'id' | 'name'>): void {
  if (reachesGroup(reach, id)) return;
  throw new PatchError(
    'FORBIDDEN',
    `The hosts of the group ${name} are changed by those whose role is for all hosts or for this group; yours is not. Nothing was changed.`,
  );
}

/** Which hosts are meant is found out before the transaction, beside the thread that serves. */
async function changeMembers(
  { db, reads, audit, clock, lifeMs }: GroupSources,
  { change, withLeft }: Way,
  { parameter, body, actor, request, sees, reach }: Asked,
): Promise<GroupHostsChanged> {
  const name = parameter('name');
  requireGoverned(reach, await getSeenGroup(reads, sees, name));
  const freshness = { nowMs: clock.now(), lifeMs, signal: request.signal, reach: sees };
  const ids = [...(await chooseHosts(reads, body.hosts, freshness, { withLeft }))];
  return inTransaction(db, async (own) => {
    requireStill(actor);
    const group = await getSeenGroup(own, sees, name);
    requireGoverned(reach, group);
    await requireWithin(own, reach, ids);
    const changed = await change(audit, own, { group, ids, actor: actor.name });
    return { group: await viewGroup(own, group.id, sees), changed, unchanged: ids.length - changed };
  });
}

/** What people call about groups of hosts. */
export function serveGroupRoutes(routes: Routes, sources: GroupSources): void {
  const { reads } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.listGroups, async ({ sees }) => {
    const groups = await readGroups(reads, sees);
    return { groups, total: groups.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.createGroup, ({ body, actor }) => createGroup(sources, body, actor));
  routes.serve(MANAGER_ADMIN_ROUTES.getGroup, ({ parameter, query, sees }) => {
    const { limit = DEFAULT_PAGE, offset = 0 } = query;
    return readMembers(reads, parameter('name'), { reach: sees, limit, offset });
  });
  routes.serve(MANAGER_ADMIN_ROUTES.changeGroup, ({ parameter, body, actor }) =>
    changeGroup(sources, parameter('name'), { ...body, by: actor }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.deleteGroup, ({ parameter, actor }) =>
    deleteGroup(sources, parameter('name'), actor),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.addToGroup, (input) => changeMembers(sources, INTO, input));
  routes.serve(MANAGER_ADMIN_ROUTES.removeFromGroup, (input) => changeMembers(sources, OUT, input));
}
