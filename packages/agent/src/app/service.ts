import type { IdentityStatus } from '@linux-patch/pki';
import { feedWatchdog, watchdogIntervalMs } from '@linux-patch/runtime';
import { waitForClock } from '../clock/gate.ts';
import { finishInterruptedEnrollment, isLeftover } from '../enrollment/finish-interrupted.ts';
import type { EnrollProgress } from '../enrollment/settings.ts';
import { verdictWords } from '../enrollment/trust/join-verdict.ts';
import { bindIdentity, findForeignIdentity } from '../identity/foreign-identity.ts';
import { isUsable } from '../identity/identity.ts';
import { inspectIdentity } from '../identity/inspect.ts';
import { LIVENESS_LIMIT_MS } from '../identity/liveness.ts';
import { MANAGER_MADE_KEY } from '../identity/renewal/messages.ts';
import { renewExpired } from '../identity/renewal/renew-expired.ts';
import { type JudgedIdentity, repairIdentity } from '../identity/repair.ts';
import { ownRevocation } from '../identity/revocation/in-force.ts';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { identityStatus, readIdentity } from '../identity/store/read.ts';
import { type AgentContext, EXIT } from './agent-context.ts';
import { clockGateOf, keepClockOf } from './compose-clock.ts';
import { composeLeftover } from './compose-enrollment.ts';
import { learnInstanceEarly } from './compose-worker.ts';
import { enrolWith } from './enrolling.ts';
import { codeOfStop } from './follow-configuration.ts';
import { deniedGuidance, type IdentityProblem, noManagerGuidance, unfinishedGuidance } from './guidance.ts';
import { renewerOf } from './identity.ts';
import { becomeOnlyInstance } from './only-instance.ts';
import { configurationWeakness, serve } from './serve.ts';

/** Told to stop before anything began. */
function stoppedAs(context: Pick<AgentContext, 'run'>, identity: IdentityStatus): number {
  return codeOfStop(context, isUsable(identity) ? EXIT.clean : EXIT.unfinished);
}

/** Told to stop before there was an identity. */
function stoppedEnrolling(context: Pick<AgentContext, 'program' | 'run'>, managerUrl: string): number {
  return codeOfStop(context, EXIT.unfinished, () =>
    context.program.stderr(`${unfinishedGuidance(managerUrl, 'the agent was told to stop')}\n`),
  );
}

/** One line for `systemctl status`; without code, token or key. */
function statusLine(progress: EnrollProgress, nowMs: number): string {
  const minutes = Math.max(0, Math.round((nowMs - progress.sinceMs) / 60_000));
  switch (progress.state) {
    case 'waiting':
      if (progress.joinToken === 'accepted') return `Fetching certificates from ${progress.managerUrl}`;
      return `Waiting for approval at ${progress.managerUrl} (${minutes} min; ${refusedToken(progress)}code: linux-patch-api status)`;
    case 'needs_person':
    case 'retrying':
      return `Enrolling with ${progress.managerUrl}: ${progress.lastError ?? 'trying again'}`;
    case 'installing':
      return progress.lastError === undefined
        ? `Installing certificates from ${progress.managerUrl}`
        : `The certificates from ${progress.managerUrl} are not installed yet: ${progress.lastError}`;
    case 'starting':
    case 'registering':
      return `Asking ${progress.managerUrl} to join`;
  }
}

function refusedToken({ joinToken }: EnrollProgress): string {
  return joinToken === undefined ? '' : `join token refused: ${verdictWords(joinToken)}; `;
}

/** Gets an identity from the manager; undefined means that there is one now, else the exit code. */
async function obtainIdentity(
  context: AgentContext,
  identity: IdentityProblem,
  managerUrl: string,
): Promise<number | undefined> {
  const { logger, notifier, audit } = context.report;
  const { clock, random, signal } = context.time;
  const { stderr } = context.program;
  logger.warn('The certificates cannot be used; getting new ones', {
    status: identity.status,
    reason: identity.message,
  });
  audit.record('identity_unusable', { status: identity.status, reason: identity.message });
  if (identity.status === 'expired') {
    await notifier.ready(`Renewing the expired certificate with ${managerUrl}`);
    const isUsableNow = async () => isUsable(await identityStatus(context.place));
    const late = await renewExpired(
      { renew: renewerOf(context), isUsable: isUsableNow, clock, random, logger, audit, notifier, signal },
      managerUrl,
    );
    if (late.kind === 'renewed') return undefined;
    if (late.kind === 'stopped') return stoppedEnrolling(context, managerUrl);
    logger.warn('The expired certificate is not renewed; enrolling', { reason: late.reason });
  }
  await notifier.ready(`Enrolling with ${managerUrl} (certificates: ${identity.status})`);
  using _learning = learnInstanceEarly(context);
  const onProgress = (progress: EnrollProgress): void =>
    void notifier.status(statusLine(progress, clock.now()));
  const outcome = await enrolWith(context, { managerUrl, mode: 'service', onProgress });
  switch (outcome.kind) {
    case 'installed':
      return undefined;
    case 'denied':
      stderr(`${deniedGuidance(managerUrl, outcome.reason)}\n`);
      return EXIT.clean;
    case 'stopped':
      return stoppedEnrolling(context, managerUrl);
    case 'gave_up':
    case 'failed':
      stderr(`${unfinishedGuidance(managerUrl, outcome.message)}\n`);
      return EXIT.unfinished;
  }
}

/**
 * The agent as a service: checks its certificates, enrols when they cannot be used, serves. Returns the exit code.
 */
export async function runService(context: AgentContext): Promise<number> {
  const { clock } = context.time;
  const { notifier } = context.report;
  const { liveness } = context.run;
  await using _only = await becomeOnlyInstance(context);
  const intervalMs = watchdogIntervalMs(context.program.environment);
  const ended = new AbortController();
  const signal = AbortSignal.any([context.time.signal, ended.signal]);
  const isAlive = (): boolean => (liveness.ageMs ?? 0) <= LIVENESS_LIMIT_MS;
  const feeding =
    intervalMs === undefined ? undefined : feedWatchdog({ notifier, intervalMs, clock, isAlive, signal });
  const watching = keepClockOf(context, signal);
  try {
    return await runUnwatched(context);
  } finally {
    ended.abort();
    await Promise.all([feeding, watching]);
  }
}

/** The identity once it is not only the clock of this host that is against it. */
async function rightInTime(
  context: Pick<AgentContext, 'settings' | 'place' | 'time' | 'report'>,
  judged: JudgedIdentity,
): Promise<JudgedIdentity> {
  const status = await waitForClock(clockGateOf(context), judged.status);
  return status === judged.status ? judged : { status, set: undefined };
}

async function runUnwatched(context: AgentContext): Promise<number> {
  const { host, settings, place, time, report, program } = context;
  const { logger, audit, notifier } = report;
  const { config, paths } = settings;
  const weakness = await configurationWeakness(context);
  if (weakness !== undefined) logger.warn(weakness, {});
  if (!config.tls.enabled) {
    logger.warn(
      'TLS is off (tls.enabled: false): only root of this host can connect, through a Unix socket',
      {
        socket: paths.apiSocket,
      },
    );
    await serve(context);
    return codeOfStop(context, EXIT.clean);
  }
  let judged: JudgedIdentity = await repairIdentity({ place, logger, audit });
  const foreign = await findForeignIdentity(place, host.root);
  if (!foreign) judged = await rightInTime(context, judged);
  if (time.signal.aborted) return stoppedAs(context, judged.status);
  if (foreign) audit.record('identity_of_other_host', { key_id: foreign.keyId, reason: foreign.message });
  const problem = foreign ?? (isUsable(judged.status) ? undefined : judged.status);
  if (problem === undefined) {
    // The request of a host that has to join again belongs to the certificate to come, not to the one at hand.
    const leftover = composeLeftover(context);
    if ((await isLeftover(leftover)) && ownRevocation(await readIdentity(place)) === undefined)
      await finishInterruptedEnrollment(leftover);
  } else {
    const managerUrl = config.enrollment.manager_url;
    if (managerUrl === undefined) {
      // A service of type notify that ends without a word counts as failed, however well it ended (systemd.service(5)).
      await notifier.ready(`Not serving: no usable certificates (${problem.status}) and no manager is set`);
      program.stderr(`${noManagerGuidance(problem, settings.configFile, paths.certificatesFolder)}\n`);
      return EXIT.clean;
    }
    const exitCode = await obtainIdentity(context, problem, managerUrl);
    if (exitCode !== undefined) return exitCode;
    judged = await inspectIdentity(place);
    if (!isUsable(judged.status)) {
      program.stderr(`${unfinishedGuidance(managerUrl, judged.status.message)}\n`);
      return EXIT.unfinished;
    }
  }
  await bindIdentity(place, host.root, logger);
  const meta = await readIdentityMeta(place.files, place.paths);
  if (meta.key_origin === 'manager')
    logger.warn(`Key origin: ${MANAGER_MADE_KEY}`, { manager: meta.manager_url });
  const { status, set } = judged;
  if (status.status === 'expiring_soon')
    logger.warn('The certificate expires soon; renewing in the background', { reason: status.message });
  await serve(context, set && { ...set, meta });
  return codeOfStop(context, EXIT.clean);
}
