import { type FleetAct, PatchError } from '@linux-patch/contract';
import { sql } from 'kysely';
import { requireStill } from '../audit/acting.ts';
import { inTransaction } from '../database/transactions.ts';
import { closeWaiting } from '../host-jobs/store.ts';
import { reachOf } from '../reach/reach.ts';
import { within } from '../reach/within.ts';
import { getAct, viewAct } from './read-acts.ts';
import type { ActContext, Asker } from './start.ts';

/**
 * Hosts that were not asked yet are never asked; to stop it again changes nothing.
 * @throws PatchError `ACT_NOT_FOUND`, `FORBIDDEN`; `JOB_CONFLICT` when none waits any more
 */
export function stopAct(
  { db, audit, clock }: Pick<ActContext, 'db' | 'audit' | 'clock'>,
  id: string,
  actor: Asker,
): Promise<FleetAct> {
  return inTransaction(db, async (own) => {
    requireStill(actor);
    const act = await getAct(own, id, actor);
    if (act.stopped_at !== null) return viewAct(own, act, actor);
    const { beyond } = await own
      .selectFrom('host_jobs')
      .where('act_id', '=', act.id)
      .where('state', '=', 'waiting')
      .where(sql<boolean>`not (${within(reachOf(actor, 'hosts:patch'), 'host_jobs.host_id')})`)
      .select((select) => select.fn.countAll<number>().as('beyond'))
      .executeTakeFirstOrThrow();
    if (Number(beyond) > 0)
      throw new PatchError(
        'FORBIDDEN',
        `Your role does not reach ${beyond} of the hosts that wait, and an act is stopped for all of them or goes on. Nothing was stopped. Whoever started it, or has a role for all hosts, can stop it.`,
      );
    const nowMs = clock.now();
    const hosts = await closeWaiting(
      own,
      act.id,
      `Stopped by ${actor.name} before the host was asked.`,
      nowMs,
    );
    if (hosts === 0)
      throw new PatchError(
        'JOB_CONFLICT',
        'Every host was asked already, so there is nothing to stop. Jobs that hosts have begun are cancelled one by one.',
      );
    const stopped = { stopped_at: nowMs, stopped_by: actor.name };
    await own.updateTable('acts').set(stopped).where('id', '=', act.id).execute();
    await audit.record(own, { actor: actor.name, event: 'act_stopped', fields: { act: act.id, hosts } });
    return viewAct(own, { ...act, ...stopped }, actor);
  });
}
