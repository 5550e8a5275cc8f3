import { type AgentStatus, DAY_MS, isoOf, messageOf, VERSION } from '@linux-patch/contract';
import type { IdentityStatus } from '@linux-patch/pki';
import { readPinnedKey } from '@linux-patch/worker';
import { readLearnedAddresses } from '../access/learned-addresses.ts';
import type { AgentContext } from '../app/agent-context.ts';
import { enrollmentSummary } from '../app/enrolling.ts';
import { type AuditTrail, readAuditTrail } from '../audit/trail.ts';
import { readAllowList } from '../doctor/checks/access.ts';
import { codeOfIdentity } from '../doctor/checks/certificates.ts';
import { clockBeforeRecords } from '../doctor/checks/clock.ts';
import { enrollmentFinding } from '../doctor/checks/enrollment.ts';
import { checkHostIdentity } from '../doctor/checks/host-identity.ts';
import { checkJobKey } from '../doctor/checks/job-key.ts';
import { checkPolicy } from '../doctor/checks/policy.ts';
import { findAgents } from '../doctor/checks/processes.ts';
import { readPending } from '../enrollment/state/pending.ts';
import { type IdentityProblem, identityProblems } from '../health/problems.ts';
import { storedIdentityState } from '../health/stored.ts';
import { createIdentity, isUsable } from '../identity/identity.ts';
import { inspectIdentity } from '../identity/inspect.ts';
import type { RenewalState } from '../identity/renewal/state.ts';
import type { RevocationState } from '../identity/revocation/state.ts';
import type { IdentityMeta } from '../identity/store/identity-meta.ts';

function identityPart(
  identity: IdentityStatus,
  meta: IdentityMeta,
  seen: { readonly now: number; readonly revoked: boolean },
): AgentStatus['identity'] {
  const facts = 'facts' in identity ? identity.facts : undefined;
  return {
    status: identity.status,
    message: identity.message,
    serial: facts?.serialHex ?? null,
    subject: facts?.subject ?? null,
    issuer: facts?.issuer ?? null,
    fingerprint: facts?.fingerprint ?? null,
    not_before: isoOf(facts?.notBeforeMs),
    not_after: isoOf(facts?.notAfterMs),
    days_left: facts ? Math.floor((facts.notAfterMs - seen.now) / DAY_MS) : null,
    ca_not_after: isoOf(facts?.caNotAfterMs),
    trust: meta.trust,
    trust_issuer: meta.trust_issuer ?? null,
    key_origin: meta.key_origin,
    installed_at: meta.installed_at,
    manager_client: meta.manager_client?.cn ?? null,
    revoked: facts !== undefined && seen.revoked,
  };
}

function renewalPart(renewal: RenewalState | undefined, now: number): AgentStatus['renewal'] {
  if (!renewal) return null;
  const { dueMs, failures, lastError, forked } = renewal;
  return {
    due_at: new Date(dueMs).toISOString(),
    due: now >= dueMs,
    next_attempt_at: isoOf(renewal.nextAttemptMs),
    failures,
    last_error: lastError ?? null,
    last_failed_at: lastError === undefined ? null : isoOf(renewal.lastAttemptMs),
    forked,
  };
}

function crlPart(crl: RevocationState): NonNullable<AgentStatus['crl']> {
  return {
    status: crl.status,
    message: crl.message,
    this_update: isoOf(crl.thisUpdateMs),
    next_update: isoOf(crl.nextUpdateMs),
    revoked: crl.serials.size,
  };
}

/** What the clock is held against: what others signed, what this host wrote, and its audit log. */
function clockPart({ clock, clockWatch }: AgentContext['time'], trail: AuditTrail): AgentStatus['clock'] {
  const now = clock.now();
  const { state, message } = clockWatch.verdict;
  const before = state === 'ok' ? clockBeforeRecords(trail, now)?.detail : undefined;
  return {
    now: new Date(now).toISOString(),
    state: before ? 'suspect' : state,
    message: before ?? (state === 'ok' ? null : message),
  };
}

async function enrollmentPart(
  context: Pick<AgentContext, 'host' | 'enrollment' | 'time'>,
): Promise<AgentStatus['enrollment']> {
  const view = await enrollmentSummary(context);
  if (!view) return null;
  const waitedMs = context.time.clock.now() - Date.parse(view.waiting_since);
  return { ...view, waiting_seconds: Math.max(0, Math.floor(waitedMs / 1000)) };
}

/** What is not as it should be, by the doctor's codes; only what the disk tells. */
async function degradedPart(
  context: Pick<AgentContext, 'host' | 'settings' | 'place' | 'enrollment'>,
  parts: Omit<AgentStatus, 'degraded'>,
  seen: {
    readonly identity: IdentityStatus;
    readonly meta: IdentityMeta;
    readonly problems: readonly IdentityProblem[];
    readonly trail: AuditTrail;
  },
): Promise<AgentStatus['degraded']> {
  const { host, settings, place, enrollment } = context;
  const { files } = host;
  const { config, paths } = settings;
  const pending = await readPending(files, enrollment.pending);
  const code = codeOfIdentity(seen.identity, place.paths);
  const asking = isUsable(seen.identity) ? undefined : enrollmentFinding(pending, seen.trail);
  const nameless = isUsable(seen.identity)
    ? []
    : await checkHostIdentity(host, { config, inspection: { status: seen.identity, meta: seen.meta } });
  const { identity, clock } = parts;
  const refused = await readAllowList(files, config.whitelist.path).then(
    () => undefined,
    (error: unknown) => messageOf(error).split('\n').join('; '),
  );
  return [
    ...(clock.message ? [{ code: 'CLOCK_DOUBTFUL', message: clock.message }] : []),
    ...nameless.map((one) => ({ code: one.code, message: one.detail })),
    ...(asking ? [{ code: asking.code, message: asking.detail }] : []),
    ...(code ? [{ code, message: identity.message }] : []),
    ...seen.problems.flatMap(({ code: known, message }) =>
      known === undefined || known === 'CRL_MISSING' ? [] : [{ code: known, message }],
    ),
    ...[...(await checkJobKey({ files, paths })), ...(await checkPolicy({ files, paths }))].map((one) => ({
      code: one.code,
      message: one.detail,
    })),
    ...(refused === undefined ? [] : [{ code: 'ALLOW_LIST_INVALID', message: refused }]),
  ];
}

/** Reads everything that `status` shows; changes nothing and asks nobody. */
export async function collectStatus(
  context: Pick<AgentContext, 'host' | 'settings' | 'place' | 'enrollment' | 'time'>,
): Promise<AgentStatus> {
  const { place, settings, time } = context;
  const { files, root } = context.host;
  const { config, paths } = settings;
  const now = time.clock.now();
  const inspection = await inspectIdentity(place);
  const { status: identity, meta, set } = inspection;
  const trail = await readAuditTrail(files, config.logging.file_path);
  const managerUrl = config.enrollment.manager_url ?? meta.manager_url ?? undefined;
  const sources = { place, dataFolder: paths.dataFolder, trail, managerUrl };
  const state = set && (await storedIdentityState(createIdentity(set), sources));
  const usable = isUsable(identity) ? state : undefined;
  const problems = state ? identityProblems(state) : [];
  const agents = (await findAgents(files)).filter((agent) => agent.root === root);
  // Where the file cannot be read the manager is refused, and `doctor` says so.
  const addresses = await readLearnedAddresses(files, paths.learnedAddresses).catch(() => []);
  const parts: Omit<AgentStatus, 'degraded'> = {
    v: 1,
    version: VERSION,
    config_file: settings.configFile,
    manager_url: config.enrollment.manager_url ?? null,
    manager_addresses: [...addresses],
    agent: { running: agents.length > 0, pids: agents.map((agent) => agent.pid) },
    identity: identityPart(identity, meta, { now, revoked: usable?.revokedFor !== undefined }),
    renewal: renewalPart(state?.renewal, now),
    crl: usable ? crlPart(usable.list) : null,
    job_key: await readPinnedKey(files, paths.jobKey).catch(() => null),
    clock: clockPart(time, trail),
    enrollment: await enrollmentPart(context),
  };
  return { ...parts, degraded: await degradedPart(context, parts, { identity, meta, problems, trail }) };
}
