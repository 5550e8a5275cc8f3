import { isPatchError, messageOf, PatchError, type Route } from '@linux-patch/contract';
import type { Logger } from '@linux-patch/runtime';
import type { z } from 'zod';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import type { AgentCall, FleetClient } from '../fleet-client/client.ts';
import { HEALTH_OF_ANY_AGENT } from '../fleet-watch/health-report.ts';
import type { JobKeyOffers } from '../fleet-watch/offer-job-key.ts';
import { lastInstance } from './last-instance.ts';
import { addressOf, type HostStore } from './store.ts';

/** What is needed to ask a host of the fleet. */
export interface HostSources {
  readonly hosts: HostStore;
  readonly fleet: FleetClient;
  readonly jobKeys: JobKeyOffers;
  readonly db: Database;
  readonly logger: Logger;
}

/** Whether a host was reached is worth a note, and no answer: what the host has said or begun counts. */
async function note(sources: HostSources, hostId: string, error: string | undefined): Promise<void> {
  await sources.hosts
    .note(hostId, error)
    .catch((fault: unknown) =>
      sources.logger.error('Whether a host was reached could not be kept', { host: hostId, error: fault }),
    );
}

/** Calls a host's agent and notes whether it could be reached. */
export async function callHost<R extends Route>(
  sources: HostSources,
  reference: string,
  route: R,
  call: AgentCall,
): Promise<z.output<R['response']>> {
  const host = await sources.hosts.get(reference);
  try {
    const data = await sources.fleet.call(addressOf(host), route, call);
    await note(sources, host.id, undefined);
    return data;
  } catch (error) {
    if (isPatchError(error, 'AGENT_UNREACHABLE')) await note(sources, host.id, messageOf(error));
    throw error;
  }
}

/** The instance that is meant; a host that joined just now is asked. */
export async function instanceOf(
  sources: HostSources,
  host: HostRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  const last = await lastInstance(sources.db, host.id);
  if (last !== undefined) return last.instanceId;
  return (await callHost(sources, host.id, HEALTH_OF_ANY_AGENT, { signal })).instance_id;
}

type ChangeCall = AgentCall & { readonly signal: AbortSignal };

/**
 * Asks the installation that this manager knows for a change, once more when the host refused it for its signature and
 * something about that was mended.
 * @throws PatchError `INSTANCE_MISMATCH`, and as `FleetClient.call` does
 */
export async function askChange<R extends Route>(
  sources: HostSources,
  host: HostRow,
  route: R,
  wish: ChangeCall,
): Promise<z.output<R['response']>> {
  const ask = (one: ChangeCall) => callHost(sources, host.id, route, one);
  const call = { ...wish, instanceId: wish.instanceId ?? (await instanceOf(sources, host, wish.signal)) };
  try {
    return await ask(call);
  } catch (error) {
    if (isPatchError(error, 'INSTANCE_MISMATCH')) throw otherInstance(host, error);
    if (!isPatchError(error, 'SIGNATURE_INVALID', 'SIGNATURE_REQUIRED')) throw error;
    const mended = await mendSignature(sources, host, call);
    if (!mended) throw error;
    return ask(mended);
  }
}

/**
 * A host that pins an earlier job key of this manager hears of the present one, or has heard of it since it refused; of one
 * whose agent was upgraded since it was asked last, its instance is known now. Undefined when neither is the reason.
 */
async function mendSignature(
  sources: HostSources,
  host: HostRow,
  call: ChangeCall,
): Promise<ChangeCall | undefined> {
  const { signal } = call;
  const said = await callHost(sources, host.id, HEALTH_OF_ANY_AGENT, { signal });
  const now = await sources.jobKeys.offer(host, said, signal);
  const instanceId = call.instanceId ?? said.instance_id;
  const isMended = sources.jobKeys.isPinnedBy(now) || instanceId !== call.instanceId;
  return isMended ? { ...call, instanceId } : undefined;
}

function otherInstance({ fqdn }: HostRow, cause: PatchError): PatchError {
  return new PatchError(
    'INSTANCE_MISMATCH',
    `What answers as ${fqdn} is not the installation that this manager saw last: the host was set up anew, its disk was copied, or another ` +
      'machine has its address. Nothing was done. Look at that host; after the next round over the fleet (fleet.poll_minutes) this manager means the new one.',
    { cause, details: cause.details },
  );
}
