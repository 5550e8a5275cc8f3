import {
  AGENT_PORT,
  type ApproveRequest,
  type Bundle,
  type DenyRequest,
  PatchError,
} from '@linux-patch/contract';
import { agentTag, equalTags, managerApprovedTag, managerDeniedTag, stretchHostCode } from '@linux-patch/pki';
import { certificateRow } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow, HostRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import { extensionOf, storedTranscriptHash } from './transcript.ts';

const MAX_FAILED_CODES = 5;
const LOCK_MS = 15 * 60_000;

async function getRow(db: Database, id: string): Promise<EnrollmentRow> {
  const row = await db.selectFrom('enrollments').selectAll().where('id', '=', id).executeTakeFirst();
  if (row) return row;
  throw new PatchError('ENROLLMENT_NOT_FOUND', `There is no request ${id}; it may have expired.`);
}

/** The key stretched from the typed code, when it is the code of this request. */
interface VerifiedCode {
  readonly key: Uint8Array;
  readonly transcriptHash: Uint8Array;
}

/**
 * Checks a typed host code against the stored request, in constant time; five wrong ones lock it.
 * @throws PatchError `CODE_MISMATCH`, `ENROLLMENT_LOCKED`
 */
async function verifyCode(
  context: EnrollmentContext,
  row: EnrollmentRow,
  code: string,
  actor: string,
): Promise<VerifiedCode> {
  const now = context.clock.now();
  if (row.locked_until !== null && row.locked_until > now) {
    const minutes = Math.ceil((row.locked_until - now) / 60_000);
    throw new PatchError(
      'ENROLLMENT_LOCKED',
      `Too many wrong codes were typed for ${row.fqdn}; wait ${minutes} min, then read the code on the host again.`,
      {
        details: { retry_after_seconds: minutes * 60 },
      },
    );
  }
  const extension = extensionOf(row);
  if (!extension) {
    throw new PatchError(
      'FORBIDDEN',
      `${row.fqdn} runs an agent of the older generation, which has no host code. Approve it without a code, or update the agent first.`,
    );
  }
  const hash = storedTranscriptHash(row, extension);
  const key = await stretchHostCode(code, extension.nonce_a).catch(() => undefined);
  if (key && equalTags(agentTag(key, hash), extension.tag_a)) return { key, transcriptHash: hash };
  await noteWrongCode(context, row, actor);
  throw new PatchError(
    'CODE_MISMATCH',
    `The code does not fit the request of ${row.fqdn}: a typing error, or the request was changed on its way here. ` +
      `Read it again on the host with "linux-patch-api status" and compare the key id, which must be ${row.key_id}. If both are right, do not approve: somebody is in between.`,
  );
}

async function noteWrongCode(context: EnrollmentContext, row: EnrollmentRow, actor: string): Promise<void> {
  await context.db.transaction().execute(async (db) => {
    const { failed_codes: before } = await getRow(db, row.id);
    const failed = before + 1;
    const locked = failed >= MAX_FAILED_CODES;
    await db
      .updateTable('enrollments')
      .set(
        locked ? { failed_codes: 0, locked_until: context.clock.now() + LOCK_MS } : { failed_codes: failed },
      )
      .where('id', '=', row.id)
      .execute();
    await context.audit.record(db, {
      actor,
      event: 'enrollment_wrong_code',
      fields: { enrollment: row.id, fqdn: row.fqdn, locked },
    });
  });
}

function requireUndecided(row: EnrollmentRow, now: number): void {
  if (row.state === 'denied')
    throw new PatchError(
      'JOB_CONFLICT',
      `The request of ${row.fqdn} was denied already. The host can ask again.`,
    );
  if (row.state === 'pending' && row.expires_at < now)
    throw new PatchError(
      'JOB_CONFLICT',
      `The request of ${row.fqdn} has expired. The host asks again by itself.`,
    );
}

function requireMode(row: EnrollmentRow): void {
  const extension = extensionOf(row);
  if (!extension || extension.modes.includes('click')) return;
  throw new PatchError(
    'FORBIDDEN',
    `${row.fqdn} believes only its own code. Read it on the host with "linux-patch-api status" and approve with --code.`,
  );
}

/** The host record that this request would become, and whether it may. */
async function findHost(
  db: Database,
  row: EnrollmentRow,
  may: { readonly replace: boolean; readonly verified: boolean },
): Promise<HostRow | undefined> {
  const port = agentPortOf(row);
  const hosts = await db
    .selectFrom('hosts')
    .selectAll()
    .where((where) =>
      where.or([
        where('fqdn', '=', row.fqdn),
        where.and([where('ip_address', '=', row.ip_address), where('agent_port', '=', port)]),
      ]),
    )
    .execute();
  const same = hosts.find((host) => host.fqdn === row.fqdn);
  const other = hosts.find((host) => host.fqdn !== row.fqdn);
  const sameMachine = same?.machine_id === row.machine_id && may.verified;
  if (other && !may.replace) {
    throw new PatchError(
      'HOST_CONFLICT',
      `${row.ip_address} already belongs to ${other.fqdn}. If that host is gone or moved, approve with --replace.`,
      {
        details: { host_id: other.id, fqdn: other.fqdn },
      },
    );
  }
  if (same && !sameMachine && !may.replace) {
    throw new PatchError(
      'HOST_CONFLICT',
      `There is already a host ${row.fqdn}, with ${same.machine_id === row.machine_id ? 'the same' : 'another'} machine-id. ` +
        'If this is that host with a new key, approve with its code, or with --replace; its history stays.',
      { details: { host_id: same.id, fqdn: same.fqdn } },
    );
  }
  return same;
}

function agentPortOf(row: EnrollmentRow): number {
  const details = JSON.parse(row.os_details) as { agent_port?: unknown };
  const port = details.agent_port;
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : AGENT_PORT;
}

async function saveHost(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  known: HostRow | undefined,
): Promise<string> {
  const facts = {
    fqdn: row.fqdn,
    hostname: row.hostname,
    machine_id: row.machine_id,
    ip_address: row.ip_address,
    agent_port: agentPortOf(row),
    os_details: row.os_details,
    key_origin: row.spki === null ? ('manager' as const) : ('host' as const),
  };
  if (known) {
    await db.updateTable('hosts').set(facts).where('id', '=', known.id).execute();
    return known.id;
  }
  const id = context.random.uuid();
  await db
    .insertInto('hosts')
    .values({ id, ...facts, created_at: context.clock.now(), last_seen_at: null, last_error: null })
    .execute();
  return id;
}

/** Issues the certificate and writes the answer that the agent will fetch. */
async function makeBundle(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  decision: { readonly hostId: string; readonly code: VerifiedCode | undefined },
): Promise<{ readonly bundle: Bundle; readonly serial: string }> {
  const { authority } = context;
  const names = { fqdn: row.fqdn, hostname: row.hostname, ipAddress: row.ip_address };
  const issued =
    row.spki === null
      ? await authority.issueAgentWithKey(names)
      : { certificate: await authority.issueAgent(row.spki, names), privateKeyPem: undefined };
  await db
    .insertInto('certificates')
    .values(certificateRow(issued.certificate, decision.hostId, context.clock.now()))
    .execute();
  const chain = authority.issuingPem + authority.rootPem;
  const crlPem = await authority.createCrl(db);
  const serverCrt = issued.certificate.pem.trimEnd() + '\n' + authority.issuingPem;
  const serial = issued.certificate.serialHex;
  if (issued.privateKeyPem !== undefined) {
    // Agents of the older generation compare the issuer's name with the first CA certificate, so that one leads.
    return {
      serial,
      bundle: {
        ca_crt: chain,
        ca_chain: chain,
        server_crt: serverCrt,
        server_key: issued.privateKeyPem,
        crl_pem: crlPem,
      },
    };
  }
  const signed = { ca_crt: authority.rootPem, ca_chain: chain, server_crt: serverCrt, crl_pem: crlPem };
  const tag = decision.code && {
    tag_m: managerApprovedTag(decision.code.key, {
      transcriptHash: decision.code.transcriptHash,
      nonceM: row.nonce_m,
      serverCrt,
      caCrt: signed.ca_crt,
      caChain: signed.ca_chain,
      crlPem,
      managerClient: authority.managerClient,
    }),
  };
  return {
    serial,
    bundle: { ...signed, ext: { v: 1, request_id: row.id, manager_client: authority.managerClient, ...tag } },
  };
}

/**
 * Lets a host join: one transaction, and doing it twice changes nothing.
 *
 * @throws PatchError `ENROLLMENT_NOT_FOUND`, `CODE_MISMATCH`, `ENROLLMENT_LOCKED`, `FORBIDDEN`, `HOST_CONFLICT`, `JOB_CONFLICT`
 */
export async function approve(
  context: EnrollmentContext,
  id: string,
  request: ApproveRequest,
  actor: string,
): Promise<EnrollmentRow> {
  const row = await getRow(context.db, id);
  if (row.state === 'approved' || row.state === 'installed') return row;
  requireUndecided(row, context.clock.now());
  const code = request.code === undefined ? undefined : await verifyCode(context, row, request.code, actor);
  if (!code) requireMode(row);
  await context.db.transaction().execute(async (db) => {
    const current = await getRow(db, id);
    if (current.state !== 'pending') return requireUndecided(current, context.clock.now());
    const known = await findHost(db, current, {
      replace: request.replace ?? false,
      verified: code !== undefined,
    });
    const hostId = await saveHost(context, db, current, known);
    const { bundle, serial } = await makeBundle(context, db, current, { hostId, code });
    await db
      .updateTable('enrollments')
      .set({
        state: 'approved',
        decided_at: context.clock.now(),
        decided_by: actor,
        code_verified: code ? 1 : 0,
        host_id: hostId,
        bundle: JSON.stringify(bundle),
        serial,
        expires_at: context.clock.now() + context.settings.requestHours * 3_600_000,
      })
      .where('id', '=', id)
      .execute();
    await context.audit.record(db, {
      actor,
      event: 'enrollment_approved',
      fields: {
        enrollment: id,
        host: hostId,
        fqdn: row.fqdn,
        key_id: row.key_id,
        serial,
        code_verified: code !== undefined,
        observed_address: row.observed_address,
        generation: row.spki === null ? 'older' : 'current',
      },
    });
  });
  context.waiting.wake(id);
  return getRow(context.db, id);
}

/**
 * Refuses a host. With its code the host can tell that the refusal is the manager's own.
 *
 * @throws PatchError `ENROLLMENT_NOT_FOUND`, `CODE_MISMATCH`, `JOB_CONFLICT`
 */
export async function deny(
  context: EnrollmentContext,
  id: string,
  request: DenyRequest,
  actor: string,
): Promise<EnrollmentRow> {
  const row = await getRow(context.db, id);
  if (row.state === 'denied') return row;
  if (row.state !== 'pending')
    throw new PatchError('JOB_CONFLICT', `${row.fqdn} was approved already; revoke its certificate instead.`);
  const code = request.code === undefined ? undefined : await verifyCode(context, row, request.code, actor);
  const tag =
    code &&
    managerDeniedTag(code.key, {
      transcriptHash: code.transcriptHash,
      nonceM: row.nonce_m,
      reason: request.reason,
    });
  await context.db.transaction().execute(async (db) => {
    await db
      .updateTable('enrollments')
      .set({
        state: 'denied',
        decided_at: context.clock.now(),
        decided_by: actor,
        deny_reason: request.reason ?? null,
        deny_tag: tag ?? null,
      })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .execute();
    await context.audit.record(db, {
      actor,
      event: 'enrollment_denied',
      fields: { enrollment: id, fqdn: row.fqdn, reason: request.reason },
    });
  });
  context.waiting.wake(id);
  return getRow(context.db, id);
}
