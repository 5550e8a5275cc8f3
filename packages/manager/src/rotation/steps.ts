import { PatchError, type RotationPhase, type RotationRequest } from '@linux-patch/contract';
import { type Clock, createSequence } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditEntry, AuditLog } from '../audit/audit-log.ts';
import { shortNameOf } from '../authority/agent-names.ts';
import type { Authority } from '../authority/authority.ts';
import type { ManagerTables } from '../database/schema.ts';
import type { Followers, Laggard } from './followers.ts';
import { needOf } from './need.ts';
import { rememberStage } from './remembered-stage.ts';
import type { Rounds } from './rounds.ts';

export interface StepOptions {
  readonly authority: Authority;
  readonly followers: Followers;
  readonly rounds: Rounds;
  readonly audit: AuditLog;
  readonly db: Kysely<ManagerTables>;
  readonly clock: Clock;
  /** Takes the manager's own certificates anew; they may come from another CA now. */
  readonly renewOwn: () => Promise<void>;
}

/** A step, and who asks for it. */
interface AskedStep extends RotationRequest {
  readonly actor: string;
}

/** How long a step waits for hosts before it answers; they go on being told afterwards. */
const WAIT_MS = 20_000;
const NAMED = 20;

/** What can be done in each phase, for messages. */
const NEXT_STEP: Readonly<Record<RotationPhase, string>> = {
  standby: 'No rotation is under way; "linux-patch-manager ca rotate start" begins one.',
  trust:
    'Hosts are learning to trust the new CA; go on with "ca rotate continue", or back with "ca rotate rollback".',
  manager:
    'The manager uses the new CA, hosts do not yet; go on with "ca rotate continue", or back with "ca rotate rollback".',
  hosts:
    'Hosts are getting certificates of the new CA; end it with "ca rotate finish", or go back with "ca rotate rollback".',
  rollback: 'The rotation is being rolled back; end it with "ca rotate finish".',
};

function notNow(phase: RotationPhase): PatchError {
  return new PatchError('ROTATION_CONFLICT', `That is not possible now. ${NEXT_STEP[phase]}`, {
    details: { phase },
  });
}

/** One round, or as much of it as fits. */
async function tellHosts({ rounds, clock }: StepOptions): Promise<void> {
  const enough = new AbortController();
  const limit = clock.sleep(WAIT_MS, enough.signal).catch(() => {});
  await Promise.race([rounds.round(), limit]);
  enough.abort();
}

async function readLaggards({ authority, followers }: StepOptions): Promise<readonly Laggard[]> {
  const need = needOf(authority);
  return need ? (await followers.laggards(need)).behind : [];
}

/**
 * The hosts that are left behind by going on now.
 * @throws PatchError `ROTATION_CONFLICT` when some have not followed that the administrator did not name.
 */
async function leaveBehind(options: StepOptions, request: RotationRequest): Promise<string[]> {
  if ((await readLaggards(options)).length > 0) await tellHosts(options);
  const behind = await readLaggards(options);
  const named = request.leave_behind;
  const isNamed = (host: Laggard): boolean =>
    named === 'all' || named.some((name) => [host.fqdn, shortNameOf(host.fqdn), host.hostId].includes(name));
  const missing = behind.filter((host) => !isNamed(host));
  if (missing.length === 0) return behind.map((host) => host.fqdn);
  const list = missing.slice(0, NAMED).map((host) => `  ${host.fqdn}: ${host.reason}`);
  const more = missing.length > NAMED ? [`  and ${missing.length - NAMED} more`] : [];
  throw new PatchError(
    'ROTATION_CONFLICT',
    [
      `${missing.length} of the hosts ${missing.length === 1 ? 'has' : 'have'} not followed yet; nothing was changed:`,
      ...list,
      ...more,
      'They are told again every minute. To go on without them, name each with "--leave-behind HOST", or all with "--force";',
      'they come back by themselves once they are up, or after one approval.',
    ].join('\n'),
    { details: { hosts: missing.map(({ fqdn, reason }) => ({ host: fqdn, reason })) } },
  );
}

async function record(options: StepOptions, entry: AuditEntry): Promise<void> {
  await options.db.transaction().execute(async (db) => {
    await options.audit.record(db, entry);
    await rememberStage(db, options.authority.store.state);
  });
}

async function enter(
  options: StepOptions,
  phase: RotationPhase,
  { actor, leftBehind }: { readonly actor: string; readonly leftBehind: readonly string[] },
): Promise<void> {
  const { store } = options.authority;
  const from = store.state.phase;
  await store.enter(phase);
  const fields = { phase, from, left_behind: leftBehind };
  await record(options, { actor, event: 'ca_rotation_phase', fields });
}

async function start(options: StepOptions, { actor }: AskedStep): Promise<void> {
  const { store } = options.authority;
  if (store.state.phase !== 'standby') throw notNow(store.state.phase);
  const made = await store.begin();
  const fields = { authority: made.id, fingerprint: made.fingerprint };
  await record(options, { actor, event: 'ca_rotation_started', fields });
}

async function goOn(options: StepOptions, request: AskedStep): Promise<void> {
  const { phase } = options.authority.store.state;
  if (phase !== 'trust' && phase !== 'manager') throw notNow(phase);
  const leftBehind = await leaveBehind(options, request);
  await enter(options, phase === 'trust' ? 'manager' : 'hosts', { actor: request.actor, leftBehind });
}

async function rollBack(options: StepOptions, { actor }: AskedStep): Promise<void> {
  const { phase } = options.authority.store.state;
  if (phase === 'standby' || phase === 'rollback') throw notNow(phase);
  await enter(options, 'rollback', { actor, leftBehind: [] });
}

async function finish(options: StepOptions, request: AskedStep): Promise<void> {
  const { store } = options.authority;
  const { phase } = store.state;
  if ((phase !== 'hosts' && phase !== 'rollback') || !store.next) throw notNow(phase);
  const left = await leaveBehind(options, request);
  const keep = phase === 'hosts' ? 'next' : 'current';
  const removed = keep === 'next' ? store.current : store.next;
  await store.finish(keep, request.compromised);
  const fields = {
    authority: store.current.id,
    removed: removed.id,
    compromised: request.compromised,
    left_behind: left,
  };
  await record(options, { actor: request.actor, event: 'ca_rotation_finished', fields });
}

/** Takes the steps of a rotation, one at a time. */
export function createSteps(
  options: StepOptions,
): (request: RotationRequest, actor: string) => Promise<void> {
  const steps = createSequence();
  const take = async (request: AskedStep): Promise<void> => {
    const { phase } = options.authority.store.state;
    if (request.phase !== undefined && request.phase !== phase) throw notNow(phase);
    switch (request.step) {
      case 'start':
        await start(options, request);
        break;
      case 'continue':
        await goOn(options, request);
        break;
      case 'rollback':
        await rollBack(options, request);
        break;
      case 'finish':
        await finish(options, request);
        break;
    }
    await options.renewOwn();
    await tellHosts(options);
  };
  return (request, actor) => steps.run(() => take({ ...request, actor }));
}
