import type { Database } from '../database/open.ts';
import type { HostGroupRow } from '../database/schema.ts';

type Group = Pick<HostGroupRow, 'id' | 'name'>;

/** Groups into which join tokens put hosts, by the id of the token, by name; of all tokens without one. */
export async function readTokenGroups(
  db: Database,
  tokenId?: string,
): Promise<ReadonlyMap<string, readonly Group[]>> {
  let wanted = db
    .selectFrom('join_token_groups as t')
    .innerJoin('host_groups as g', 'g.id', 't.group_id')
    .select(['t.token_id', 'g.id', 'g.name'])
    .orderBy('g.name');
  if (tokenId !== undefined) wanted = wanted.where('t.token_id', '=', tokenId);
  return Map.groupBy(await wanted.execute(), ({ token_id }) => token_id);
}
