import type { IdentityStatus } from '@linux-patch/pki';
import type { AgentContext } from '../app/agent-context.ts';
import { inspectOptions } from '../app/enrolling.ts';
import { inspectIdentity } from './inspect.ts';

/**
 * Looks at the identity in use by every check of the validator, the handshake included. What does not keep it from
 * serving is told to log and audit once, until it is gone.
 */
export function createIdentityInspector(context: AgentContext): () => Promise<IdentityStatus> {
  let told = new Set<string>();
  return async () => {
    const options = await inspectOptions(context);
    const { status, findings } = await inspectIdentity({ ...options, handshake: true });
    const warnings = findings.filter((finding) => finding.severity === 'warn');
    for (const { check, message, repair } of warnings) {
      if (told.has(message)) continue;
      context.logger.warn(`${message} To mend it: ${repair}`, { check });
      context.audit.record('identity_warning', { check, reason: message });
    }
    told = new Set(warnings.map((finding) => finding.message));
    return status;
  };
}
