import { messageOf } from '@linux-patch/contract';
import type { IdentityStatus } from '@linux-patch/pki';
import { protectKey } from '../certificates/file-checks.ts';
import type { AgentContext } from './agent-context.ts';
import { identityStatus } from './enrolling.ts';

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

/** The identity to begin with: what can be mended on this host is mended first. */
export async function mendedIdentity(context: AgentContext): Promise<IdentityStatus> {
  await protect(context);
  return identityStatus(context);
}
