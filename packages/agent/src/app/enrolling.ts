import type { IdentityStatus } from '@linux-patch/pki';
import { enroll } from '../enrollment/enroll.ts';
import type { EnrollOutcome, EnrollProgress } from '../enrollment/settings.ts';
import { type EnrollmentSummary, readEnrollmentSummary } from '../enrollment/state/summary.ts';
import { findForeignIdentity } from '../identity/foreign-identity.ts';
import { type IdentityPlace, identityStatus } from '../identity/store/read.ts';
import type { AgentContext } from './agent-context.ts';
import { composeEnrollment, type EnrollWish } from './compose-enrollment.ts';
import { waitForIdentity } from './only-instance.ts';

/** Enrols with the configured manager, or with the one that was named on the command line. */
export async function enrolWith(
  context: Pick<AgentContext, 'host' | 'settings' | 'place' | 'enrollment' | 'time' | 'report'>,
  wish: Omit<EnrollWish, 'cloneOf'>,
): Promise<EnrollOutcome> {
  const { host, place, time, report } = context;
  const lock = await waitForIdentity(context, {
    onWait: (by) =>
      void followOther(context, wish, by?.pid).catch((error: unknown) =>
        report.logger.warn('What the other process waits for cannot be read', { error }),
      ),
    done: changedSince(place, await identityStatus(place)),
  });
  if (!lock) return time.signal.aborted ? { kind: 'stopped' } : { kind: 'installed' };
  await using _held = lock;
  const cloneOf = (await findForeignIdentity(place, host.root))?.keyId;
  const outcome = await enroll(composeEnrollment(context, { ...wish, cloneOf }));
  if (outcome.kind !== 'installed' && outcome.kind !== 'denied') {
    report.audit.record('enrollment_unfinished', {
      manager: wish.managerUrl,
      outcome: outcome.kind,
      reason: 'message' in outcome ? outcome.message : undefined,
    });
  }
  return outcome;
}

/** Another process of this host is joining; this one shows what that one waits for. */
async function followOther(
  context: Pick<AgentContext, 'host' | 'enrollment' | 'report'>,
  wish: { readonly managerUrl: string; readonly onProgress: (progress: EnrollProgress) => void },
  pid: number | undefined,
): Promise<void> {
  context.report.logger.info('Another process of this host is getting it an identity; waiting for that', {
    pid,
  });
  const view = await enrollmentSummary(context);
  if (!view) return;
  wish.onProgress({
    state: 'waiting',
    managerUrl: view.manager_url,
    keyId: view.key_id,
    sinceMs: Date.parse(view.waiting_since),
    lastError: undefined,
  });
}

/** Whether there is a usable identity that was not there before. */
function changedSince(place: IdentityPlace, before: IdentityStatus): () => Promise<boolean> {
  const serialOf = (status: IdentityStatus): string | undefined =>
    'facts' in status && !('code' in status) ? status.facts.serialHex : undefined;
  return async () => {
    const now = serialOf(await identityStatus(place));
    return now !== undefined && now !== serialOf(before);
  };
}

/** The enrolment under way; undefined when there is none. */
export function enrollmentSummary({
  host,
  enrollment,
}: Pick<AgentContext, 'host' | 'enrollment'>): Promise<EnrollmentSummary | undefined> {
  return readEnrollmentSummary(host.files, enrollment.pending);
}
