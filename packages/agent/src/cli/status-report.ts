import { type AgentStatus, messageOf, VERSION } from '@linux-patch/contract';
import { type IdentityStatus, renewalPoint } from '@linux-patch/pki';
import { readLearnedAddresses } from '../access/learned-addresses.ts';
import type { AgentContext } from '../app/agent-context.ts';
import { identityPlaceOf } from '../app/identity-place.ts';
import { createClockWatch } from '../clock/watch.ts';
import { readAllowList } from '../doctor/checks/access.ts';
import { type AuditTrail, newestOf, readAuditTrail, textOf } from '../doctor/checks/audit-trail.ts';
import { codeOfIdentity, crlFinding } from '../doctor/checks/certificates.ts';
import { clockBeforeRecords } from '../doctor/checks/clock.ts';
import { enrollmentFinding } from '../doctor/checks/enrollment.ts';
import { isUsable } from '../doctor/checks/host.ts';
import { checkHostIdentity } from '../doctor/checks/host-identity.ts';
import { findAgents } from '../doctor/checks/processes.ts';
import { pendingPlaces, readPending } from '../enrollment/state/pending.ts';
import { readEnrollmentSummary } from '../enrollment/state/summary.ts';
import { inspectIdentity } from '../identity/inspect.ts';
import { FORKED } from '../identity/renewal/messages.ts';
import { type RenewalRecord, readRenewalRecord } from '../identity/renewal/record.ts';
import { ownRevocation, stateInForce } from '../identity/revocation/in-force.ts';
import type { RevocationState } from '../identity/revocation/state.ts';
import type { IdentityMeta } from '../identity/store/identity-meta.ts';
import { storeFolder } from '../identity/store/paths.ts';

const DAY_MS = 86_400_000;

const isoOf = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : new Date(epochMs).toISOString();

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

async function renewalPart(
  context: AgentContext,
  identity: IdentityStatus,
  parts: { readonly meta: IdentityMeta; readonly trail: AuditTrail },
): Promise<AgentStatus['renewal']> {
  const { meta, trail } = parts;
  const { config, files, paths, clock } = context;
  if (!('facts' in identity) || (config.enrollment.manager_url ?? meta.manager_url) === null) return null;
  const noted = await readRenewalRecord(files, paths.dataFolder);
  const record = noted?.serial === identity.facts.serialHex ? noted : undefined;
  const thresholdDays = config.enrollment.cert_renewal_threshold_days;
  const drawnMs = renewalPoint({ ...identity.facts, draw: meta.renewal_draw, thresholdDays });
  const dueMs = record ? Date.parse(record.due_at) : drawnMs;
  return {
    due_at: new Date(dueMs).toISOString(),
    due: clock.now() >= dueMs,
    next_attempt_at: record?.next_attempt_at ?? null,
    ...failureOf(record, trail),
    forked: record?.forked ?? false,
  };
}

type RenewalFailure = Pick<NonNullable<AgentStatus['renewal']>, 'failures' | 'last_error' | 'last_failed_at'>;

/** The newest failure: as the running agent has noted it, else by the audit log. */
function failureOf(record: RenewalRecord | undefined, trail: AuditTrail): RenewalFailure {
  if (record?.last_error) {
    return {
      failures: record.failures,
      last_error: record.last_error,
      last_failed_at: record.last_attempt_at,
    };
  }
  const newest = newestOf(trail, ['identity_renewal_failed', 'identity_renewed', 'identity_installed']);
  if (newest?.event !== 'identity_renewal_failed')
    return { failures: 0, last_error: null, last_failed_at: null };
  return { failures: 1, last_error: textOf(newest, 'reason') ?? null, last_failed_at: newest.timestamp };
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
async function clockPart(context: AgentContext, trail: AuditTrail): Promise<AgentStatus['clock']> {
  const now = context.clock.now();
  const watch = createClockWatch({ ...context, dataFolder: context.paths.dataFolder });
  await watch.look();
  const { state, message } = watch.verdict;
  const before = state === 'ok' ? clockBeforeRecords(trail, now)?.detail : undefined;
  return {
    now: new Date(now).toISOString(),
    state: before ? 'suspect' : state,
    message: before ?? (state === 'ok' ? null : message),
  };
}

async function enrollmentPart(context: AgentContext): Promise<AgentStatus['enrollment']> {
  const places = pendingPlaces(context.paths.dataFolder, storeFolder(context.certificates));
  const view = await readEnrollmentSummary(context.files, places);
  if (!view) return null;
  const waitedMs = context.clock.now() - Date.parse(view.waiting_since);
  return { ...view, waiting_seconds: Math.max(0, Math.floor(waitedMs / 1000)) };
}

/** What is not as it should be, by the doctor's codes; only what the disk tells. */
async function degradedPart(
  context: AgentContext,
  parts: Omit<AgentStatus, 'degraded'>,
  seen: {
    readonly identity: IdentityStatus;
    readonly meta: IdentityMeta;
    readonly crl: RevocationState | undefined;
    readonly trail: AuditTrail;
  },
): Promise<AgentStatus['degraded']> {
  const { certificates, files, paths } = context;
  const places = pendingPlaces(paths.dataFolder, storeFolder(certificates));
  const pending = await readPending(files, places);
  const code = codeOfIdentity(seen.identity, certificates);
  const list = seen.crl && crlFinding(seen.crl, certificates.crl);
  const asking = isUsable(seen.identity) ? undefined : enrollmentFinding(pending, seen.trail);
  const nameless = isUsable(seen.identity)
    ? []
    : await checkHostIdentity({ ...context, identity: seen.identity, meta: seen.meta });
  const { identity, renewal, clock } = parts;
  const refused = await readAllowList(files, context.config.whitelist.path).then(
    () => undefined,
    (error: unknown) => messageOf(error).split('\n').join('; '),
  );
  return [
    ...(clock.message ? [{ code: 'CLOCK_DOUBTFUL', message: clock.message }] : []),
    ...nameless.map((one) => ({ code: one.code, message: one.detail })),
    ...(asking ? [{ code: asking.code, message: asking.detail }] : []),
    ...(code ? [{ code, message: identity.message }] : []),
    ...(identity.revoked
      ? [{ code: 'OWN_CERT_REVOKED', message: `Serial ${identity.serial} is revoked.` }]
      : []),
    ...(renewal?.forked ? [{ code: 'IDENTITY_FORKED', message: FORKED }] : []),
    ...(renewal?.last_error && !renewal.forked
      ? [{ code: 'RENEWAL_FAILING', message: renewal.last_error }]
      : []),
    ...(list && list.code !== 'CRL_MISSING' ? [{ code: list.code, message: list.detail }] : []),
    ...(refused === undefined ? [] : [{ code: 'ALLOW_LIST_INVALID', message: refused }]),
    ...(identity.trust === 'tofu'
      ? [{ code: 'TRUST_TOFU', message: 'The manager was believed without proof.' }]
      : []),
  ];
}

/** None when the file cannot be read: then the manager is refused, and `doctor` says so. */
function learnedAddresses({ files, paths }: AgentContext): Promise<readonly string[]> {
  return readLearnedAddresses(files, paths.learnedAddresses).catch(() => []);
}

/** Reads everything that `status` shows; changes nothing and asks nobody. */
export async function collectStatus(context: AgentContext): Promise<AgentStatus> {
  const { files, clock, certificates, config } = context;
  const now = clock.now();
  const { thresholdDays } = identityPlaceOf(context);
  const inspection = await inspectIdentity({ files, paths: certificates, now, thresholdDays });
  const { status: identity, meta } = inspection;
  const trail = await readAuditTrail(files, config.logging.file_path);
  const usable = isUsable(identity) ? inspection.identity : undefined;
  const crl = usable && stateInForce(usable.list, now);
  const revoked = usable !== undefined && ownRevocation(usable) !== undefined;
  const agents = (await findAgents(files)).filter((agent) => agent.root === context.root);
  const parts: Omit<AgentStatus, 'degraded'> = {
    v: 1,
    version: VERSION,
    config_file: context.configFile,
    manager_url: config.enrollment.manager_url ?? null,
    manager_addresses: [...(await learnedAddresses(context))],
    agent: { running: agents.length > 0, pids: agents.map((agent) => agent.pid) },
    identity: identityPart(identity, meta, { now, revoked }),
    renewal: await renewalPart(context, identity, { meta, trail }),
    crl: crl ? crlPart(crl) : null,
    clock: await clockPart(context, trail),
    enrollment: await enrollmentPart(context),
  };
  return { ...parts, degraded: await degradedPart(context, parts, { identity, meta, crl, trail }) };
}
