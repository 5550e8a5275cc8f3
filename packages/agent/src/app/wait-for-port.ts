import { createServer } from 'node:net';
import { isPatchError, type PatchError } from '@linux-patch/contract';
import { type FindHolder, type ListenAddress, listen } from '../http/listen.ts';
import type { AgentContext } from './agent-context.ts';
import { portHolderOf } from './compose-worker.ts';

/** How often it is tried again. */
const LOOK_EVERY_MS = 2_000;

/** Why the address cannot be bound now; undefined when it can. */
async function bindFault(address: ListenAddress, findHolder: FindHolder): Promise<PatchError | undefined> {
  const server = createServer();
  try {
    await listen(server, address, findHolder);
    return undefined;
  } catch (error) {
    if (isPatchError(error, 'BIND_FAILED')) return error;
    throw error;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/**
 * Waits until the agent's address can be bound, or the signal aborts. An address that this host does not have yet (DHCP, a
 * VPN) is waited for like a manager that is down. A port that somebody else has is waited for only as long as a start may
 * take. Returns whether it waited.
 * @throws PatchError `BIND_FAILED`
 */
export async function waitForPort(
  context: Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'run'>,
): Promise<boolean> {
  const { clock, signal } = context.time;
  const { logger, notifier } = context.report;
  const { bind, port } = context.settings.config.server;
  let said: string | undefined;
  while (!signal.aborted) {
    const fault = await bindFault({ bind, port }, portHolderOf(context));
    if (!fault) {
      if (said !== undefined) logger.info('The address can be bound now', { bind, port });
      return said !== undefined;
    }
    const comesLate = fault.details.reason === 'EADDRNOTAVAIL';
    if (!comesLate && clock.monotonicMs() >= (context.run.startDeadlineMs ?? 0)) throw fault;
    if (said !== fault.message) {
      logger.warn(`${fault.message} The agent waits for it.`, { bind, port });
      await (comesLate ? notifier.ready(fault.message) : notifier.status(`Not started: ${fault.message}`));
    }
    said = fault.message;
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }
  return true;
}
