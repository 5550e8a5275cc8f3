import type { Logger } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import { inspectIdentity } from './inspect.ts';
import type { IdentityPlace } from './store/read.ts';

/**
 * Looks at the identity on disk by every check of the validator, the handshake included. What does not keep it from
 * serving is told to log and audit once, until it is gone.
 */
export function createIdentityWarnings(options: {
  readonly place: IdentityPlace;
  readonly logger: Logger;
  readonly audit: AuditLog;
}): () => Promise<void> {
  const { place, logger, audit } = options;
  let told = new Set<string>();
  return async () => {
    const { findings } = await inspectIdentity(place, { handshake: true });
    const warnings = findings.filter((finding) => finding.severity === 'warn');
    for (const { check, message, repair } of warnings) {
      if (told.has(message)) continue;
      logger.warn(`${message} To mend it: ${repair}`, { check });
      audit.record('identity_warning', { check, reason: message });
    }
    told = new Set(warnings.map((finding) => finding.message));
  };
}
