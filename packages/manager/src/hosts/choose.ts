import { INVENTORY_STATES, PatchError } from '@linux-patch/contract';
import { sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { getGroup } from '../groups/find.ts';
import { type Freshness, statesOf } from '../inventory/fleet-state.ts';
import { type FindWord, hostsMeant } from './selector.ts';

const WORDS = ['all', 'reboot', ...INVENTORY_STATES];

async function idsOf(found: Promise<readonly { readonly id: string }[]>): Promise<ReadonlySet<string>> {
  return new Set((await found).map(({ id }) => id));
}

async function inState(db: Database, freshness: Freshness, state: string): Promise<ReadonlySet<string>> {
  const { signal } = freshness;
  const wanted = sql<{
    readonly id: string;
  }>`select id from (${statesOf(freshness, {})}) as hosts where state = ${state}`;
  return idsOf(wanted.execute(db, { signal }).then(({ rows }) => rows));
}

function labelled(db: Database, label: string): Promise<ReadonlySet<string>> {
  const at = label.indexOf('=');
  const wanted = db
    .selectFrom('host_labels')
    .select('host_id as id')
    .where('key', '=', label.slice(0, at))
    .where('value', '=', label.slice(at + 1));
  return idsOf(wanted.execute());
}

async function inGroup(db: Database, name: string): Promise<ReadonlySet<string>> {
  const { id } = await getGroup(db, name);
  return idsOf(db.selectFrom('group_members').select('host_id as id').where('group_id', '=', id).execute());
}

const GROUP = 'group:';

function wordsIn(db: Database, freshness: Freshness): FindWord {
  return async (word) => {
    if (word === 'all') return idsOf(db.selectFrom('hosts').select('id').execute());
    if (word === 'reboot')
      return idsOf(db.selectFrom('host_reboots').select('host_id as id').where('needed', '!=', 0).execute());
    if (WORDS.includes(word)) return inState(db, freshness, word);
    if (word.startsWith(GROUP)) return inGroup(db, word.slice(GROUP.length));
    if (word.includes('=')) return labelled(db, word);
    throw new PatchError(
      'INVALID_REQUEST',
      `@${word} means nothing: it is ${WORDS.map((one) => `@${one}`).join(', ')}, @KEY=VALUE for the hosts with that label, or @group:NAME for those in that group. Nothing was done.`,
    );
  };
}

/**
 * Ids of the hosts that a reference means; those that left are none of them, unless they are asked for.
 * @throws PatchError `HOST_NOT_FOUND` and `INVALID_REQUEST`, see `hostsMeant`; `GROUP_NOT_FOUND`
 */
export async function chooseHosts(
  db: Database,
  reference: string,
  freshness: Freshness,
  { withLeft }: { readonly withLeft: boolean } = { withLeft: false },
): Promise<ReadonlySet<string>> {
  let hosts = db.selectFrom('hosts').select(['id', 'fqdn', 'ip_address']);
  if (!withLeft) hosts = hosts.where('left_at', 'is', null);
  const fleet = await hosts.execute();
  const meant = await hostsMeant(fleet, reference, wordsIn(db, freshness));
  return new Set(meant.map(({ id }) => id));
}
