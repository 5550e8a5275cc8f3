import { INVENTORY_STATES, isPatchError, PatchError } from '@linux-patch/contract';
import { sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { getSeenGroup } from '../groups/find.ts';
import { type FleetView, statesOf } from '../inventory/fleet-state.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';
import { getSearch } from '../searches/find.ts';
import {
  type Choosable,
  type FindWord,
  type Fleet,
  fleetOf,
  hostsMeant,
  looksIn,
  meantByPart,
  requireFewLooks,
} from './selector.ts';

const WORDS = ['all', 'reboot', ...INVENTORY_STATES];

async function idsOf(found: Promise<readonly { readonly id: string }[]>): Promise<ReadonlySet<string>> {
  return new Set((await found).map(({ id }) => id));
}

async function inState(db: Database, freshness: FleetView, state: string): Promise<ReadonlySet<string>> {
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

async function inGroup(db: Database, reach: Reach, name: string): Promise<ReadonlySet<string>> {
  const { id } = await getSeenGroup(db, reach, name);
  return idsOf(db.selectFrom('group_members').select('host_id as id').where('group_id', '=', id).execute());
}

const GROUP = 'group:';
const SAVED = 'saved:';

function wordsIn(db: Database, freshness: FleetView): FindWord {
  return async (word) => {
    if (word === 'all') return idsOf(db.selectFrom('hosts').select('id').execute());
    if (word === 'reboot')
      return idsOf(db.selectFrom('host_reboots').select('host_id as id').where('needed', '!=', 0).execute());
    if (WORDS.includes(word)) return inState(db, freshness, word);
    if (word.startsWith(GROUP)) return inGroup(db, freshness.reach, word.slice(GROUP.length));
    if (word.startsWith(SAVED))
      throw new PatchError(
        'INVALID_REQUEST',
        `@${word} cannot stand in a saved search: a saved search names no other. Nothing was done.`,
      );
    if (word.includes('=')) return labelled(db, word);
    throw new PatchError(
      'INVALID_REQUEST',
      `@${word} means nothing: it is ${WORDS.map((one) => `@${one}`).join(', ')}, @KEY=VALUE for the hosts with that label, @group:NAME for those in that group, or @saved:NAME for those of that saved search. Nothing was done.`,
    );
  };
}

/** The same with `@saved:NAME`; all that is saved together has no more patterns and words than one reference. */
function withSaved(
  db: Database,
  { fleet, reach }: { readonly fleet: Fleet<Choosable>; readonly reach: Reach },
  findWord: FindWord,
): FindWord {
  let looks = 0;
  return async (word) => {
    if (!word.startsWith(SAVED)) return findWord(word);
    // Its text may name hosts that are not there for whoever asks.
    if (reach !== 'everywhere')
      throw new PatchError(
        'FORBIDDEN',
        `@${word}: saved searches are about the whole fleet, and you may see some of its hosts. Nothing was done. Write what you mean.`,
      );
    const { name, hosts } = await getSearch(db, word.slice(SAVED.length));
    try {
      looks += looksIn(hosts);
      requireFewLooks(looks);
      return new Set((await hostsMeant(fleet, hosts, findWord)).map(({ id }) => id));
    } catch (error) {
      if (!isPatchError(error)) throw error;
      const { code, message, details } = error;
      throw new PatchError(code, `The saved search ${name} (${hosts}): ${message}`, {
        details,
        cause: error,
      });
    }
  };
}

async function readFleet(
  db: Database,
  { reach, withLeft }: { readonly reach: Reach; readonly withLeft: boolean },
): Promise<Fleet<Choosable>> {
  let hosts = db.selectFrom('hosts').select(['id', 'fqdn', 'ip_address']).where(within(reach, 'hosts.id'));
  if (!withLeft) hosts = hosts.where('left_at', 'is', null);
  return fleetOf(await hosts.execute());
}

/**
 * Ids of the hosts in reach that a reference means; those that left are none of them, unless they are asked for.
 * @throws PatchError `HOST_NOT_FOUND` and `INVALID_REQUEST`, see `hostsMeant`; `GROUP_NOT_FOUND`, `SEARCH_NOT_FOUND`
 */
export async function chooseHosts(
  db: Database,
  reference: string,
  freshness: FleetView,
  { withLeft }: { readonly withLeft: boolean } = { withLeft: false },
): Promise<ReadonlySet<string>> {
  const { reach } = freshness;
  const fleet = await readFleet(db, { reach, withLeft });
  const findWord = withSaved(db, { fleet, reach }, wordsIn(db, freshness));
  return new Set((await hostsMeant(fleet, reference, findWord)).map(({ id }) => id));
}

/**
 * Refuses what no saved search can be; one that means no host now may mean one later.
 * @throws PatchError `HOST_NOT_FOUND`, `INVALID_REQUEST`, `GROUP_NOT_FOUND`
 */
export async function requireSelection(db: Database, reference: string, freshness: FleetView): Promise<void> {
  await meantByPart(
    await readFleet(db, { reach: freshness.reach, withLeft: false }),
    reference,
    wordsIn(db, freshness),
  );
}
