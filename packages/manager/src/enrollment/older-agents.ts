import type { Database } from '../database/open.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';
import type { Claim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';

/** Hosts in reach whose agent cannot make its own key. */
export async function countOlderHosts(db: Database, reach: Reach = 'everywhere'): Promise<number> {
  const { hosts } = await db
    .selectFrom('hosts')
    .select((select) => select.fn.countAll<number>().as('hosts'))
    .where('key_origin', '=', 'manager')
    .where('left_at', 'is', null)
    .where(within(reach, 'hosts.id'))
    .executeTakeFirstOrThrow();
  return hosts;
}

/** Whether a request without a key may wait: nobody else's can name a host on record, for its machine-id is asked too. */
export async function isLetIn({ settings }: EnrollmentContext, db: Database, claim: Claim): Promise<boolean> {
  if (settings.olderAgents !== 'known') return settings.olderAgents === 'all';
  const known = await db
    .selectFrom('hosts')
    .select('id')
    .where('key_origin', '=', 'manager')
    .where('left_at', 'is', null)
    .where('fqdn', '=', claim.fqdn)
    .where('machine_id', '=', claim.machine_id)
    .executeTakeFirst();
  return known !== undefined;
}

/** Says at the start that the door for the older generation is open, and for whom: in the log and in the audit. */
export async function tellOlderAgents(context: EnrollmentContext): Promise<void> {
  const { db, logger, audit, settings } = context;
  const hosts = await countOlderHosts(db);
  const rule = settings.olderAgents;
  if (rule === 'none' || (rule === 'known' && hosts === 0)) return;
  const whom =
    rule === 'all'
      ? 'Every agent of the older generation may ask to join (enrollment.allow_legacy_agents is true)'
      : `The agents of ${hosts} hosts on record are of the older generation; these may ask to join again, and no others`;
  logger.warn(
    `${whom}. The manager makes their private keys and sends them, and nothing proves who asks. Update these agents; set enrollment.allow_legacy_agents to false when none is left.`,
    { hosts, rule },
  );
  await audit.record(db, { actor: 'manager', event: 'legacy_door_open', fields: { rule, hosts } });
}
