import type { IdentityStatus } from '@linux-patch/pki';
import { learnAddresses } from '../access/learned-addresses.ts';
import { enroll } from '../enrollment/enroll.ts';
import type { EnrollContext, EnrollOutcome, EnrollProgress } from '../enrollment/settings.ts';
import { forgetEnrollment, settleEnrollment } from '../enrollment/settle.ts';
import { type ConfiguredToken, openConfiguredToken } from '../enrollment/state/configured-token.ts';
import { pendingPlaces, readPending } from '../enrollment/state/pending.ts';
import { type EnrollmentView, readEnrollmentView } from '../enrollment/state/view.ts';
import { joinPlaces } from '../enrollment/trust/join-source.ts';
import { findForeignIdentity } from '../identity/foreign-identity.ts';
import { storeFolder } from '../identity/store/paths.ts';
import type { AgentContext } from './agent-context.ts';
import { identityPlaceOf, identityStatus } from './identity-place.ts';
import { waitForIdentity } from './only-instance.ts';

/** The enrolment of this host with a manager, with everything it needs. */
function enrollContextOf(
  context: AgentContext,
  wish: {
    readonly managerUrl: string;
    readonly mode: EnrollContext['mode'];
    readonly cloneOf?: string | undefined;
    readonly onProgress: (progress: EnrollProgress) => void;
  },
): EnrollContext {
  const { config, files, certificates } = context;
  const { enrollment } = config;
  return {
    ...context,
    ...pendingPlaces(context.paths.dataFolder, storeFolder(certificates)),
    managerUrl: new URL(wish.managerUrl),
    caFile: enrollment.ca_file,
    caFingerprint: enrollment.ca_fingerprint,
    trust: enrollment.trust,
    join: joinPlaces({
      configured: enrollment.join_file,
      dropIn: context.paths.joinFile,
      environment: context.environment,
    }),
    pollingIntervalMs: enrollment.polling_interval_seconds * 1000,
    maxPollAttempts: enrollment.max_poll_attempts,
    reportIp: enrollment.report_ip,
    reportInterface: enrollment.report_interface,
    agentPort: config.server.port,
    mode: wish.mode,
    cloneOf: wish.cloneOf,
    audit: (event, fields = {}) => context.audit.record(event, fields),
    configuredToken: configuredToken(context),
    learnAddresses: async (addresses) => {
      const path = context.paths.learnedAddresses;
      const learned = await learnAddresses({ files, path, managerUrl: wish.managerUrl, addresses });
      for (const entry of learned) context.audit.record('allow_list_extended', { entry });
    },
    onProgress: wish.onProgress,
  };
}

/** `enrollment.polling_token`, as long as nobody has used it. */
function configuredToken({
  files,
  paths,
  config,
}: Pick<AgentContext, 'files' | 'paths' | 'config'>): ConfiguredToken {
  return openConfiguredToken({
    files,
    dataFolder: paths.dataFolder,
    token: config.enrollment.polling_token,
  });
}

/** Enrols with the configured manager, or with the one that was named on the command line. */
export async function enrolWith(
  context: AgentContext,
  wish: {
    readonly managerUrl: string;
    readonly mode: EnrollContext['mode'];
    readonly onProgress: (progress: EnrollProgress) => void;
  },
): Promise<EnrollOutcome> {
  const lock = await waitForIdentity(context, {
    onWait: (by) =>
      void followOther(context, wish, by?.pid).catch((error: unknown) =>
        context.logger.warn('What the other process waits for cannot be read', { error }),
      ),
    done: changedSince(context, await identityStatus(context)),
  });
  if (!lock) return context.signal.aborted ? { kind: 'stopped' } : { kind: 'installed' };
  await using _held = lock;
  const cloneOf = (await findForeignIdentity(identityPlaceOf(context), context.root))?.keyId;
  const outcome = await enroll(enrollContextOf(context, { ...wish, cloneOf }));
  if (outcome.kind !== 'installed' && outcome.kind !== 'denied') {
    context.audit.record('enrollment_unfinished', {
      manager: wish.managerUrl,
      outcome: outcome.kind,
      reason: 'message' in outcome ? outcome.message : undefined,
    });
  }
  return outcome;
}

/** Another process of this host is joining; this one shows what that one waits for. */
async function followOther(
  context: AgentContext,
  wish: { readonly managerUrl: string; readonly onProgress: (progress: EnrollProgress) => void },
  pid: number | undefined,
): Promise<void> {
  context.logger.info('Another process of this host is getting it an identity; waiting for that', { pid });
  const view = await enrollmentView(context);
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
function changedSince(context: AgentContext, before: IdentityStatus): () => Promise<boolean> {
  const serialOf = (status: IdentityStatus): string | undefined =>
    'facts' in status && !('code' in status) ? status.facts.serialHex : undefined;
  return async () => {
    const now = serialOf(await identityStatus(context));
    return now !== undefined && now !== serialOf(before);
  };
}

/** Ends an enrolment that was interrupted between installing and tidying, or that the manager was not told about. */
export async function settleFinishedEnrollment(context: AgentContext): Promise<void> {
  const places = pendingPlaces(context.paths.dataFolder, storeFolder(context.certificates));
  const token = configuredToken(context);
  const leftover = (await context.files.facts(places.stateFile)) ?? (await token.unused());
  if (leftover === undefined) return;
  const pending = await readPending(context.files, places);
  if (pending) {
    const wish = { managerUrl: pending.manager_url, mode: 'service', onProgress: () => {} } as const;
    return settleEnrollment(enrollContextOf(context, wish));
  }
  return forgetEnrollment({ ...context, ...places, configuredToken: token });
}

/** The enrolment under way; undefined when there is none. */
export function enrollmentView(context: AgentContext): Promise<EnrollmentView | undefined> {
  const places = pendingPlaces(context.paths.dataFolder, storeFolder(context.certificates));
  return readEnrollmentView(context.files, places);
}
