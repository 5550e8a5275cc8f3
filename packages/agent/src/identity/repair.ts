import { messageOf } from '@linux-patch/contract';
import type { IdentityStatus } from '@linux-patch/pki';
import type { AgentContext } from '../app/agent-context.ts';
import { inspectOptions } from '../app/enrolling.ts';
import { inspectIdentity } from './inspect.ts';
import { protectKey } from './store/file-checks.ts';
import { rollBackDamaged } from './store/roll-back.ts';

/** Takes away what others may do with the private key. That it cannot be done keeps nobody from serving. */
async function protect(context: AgentContext): Promise<void> {
  const { files, certificates, logger, audit } = context;
  try {
    for (const { message, paths } of await protectKey(files, certificates)) {
      logger.warn(`${message} Its mode is 0600 now; when somebody may have read it, enrol anew.`, {});
      audit.record('identity_key_protected', { path: paths[0], reason: message });
    }
  } catch (error) {
    logger.warn(`The private key could not be protected: ${messageOf(error)}`, { error });
  }
}

/**
 * The identity to begin with. What can be mended on this host is mended first: a key that others may read, and a
 * damaged set where one of those before is still good.
 */
export async function mendedIdentity(context: AgentContext): Promise<IdentityStatus> {
  await protect(context);
  const options = await inspectOptions(context);
  const { status } = await inspectIdentity(options);
  try {
    const previous = await rollBackDamaged(options, status);
    if (!previous) return status;
    const { serialHex, notAfterMs } = previous.facts;
    context.logger.error(
      'The certificates were damaged and the newest earlier set that passes every check is in use; find out what damaged them',
      { reason: status.message, serial: serialHex, until: new Date(notAfterMs).toISOString() },
    );
    context.audit.record('identity_rolled_back', {
      status: status.status,
      reason: status.message,
      serial: serialHex,
    });
    return previous;
  } catch (error) {
    context.logger.warn(
      `The damaged certificates could not be replaced by earlier ones: ${messageOf(error)}`,
      {
        error,
      },
    );
    return status;
  }
}
