import { DAY_MS, type Host, HostReboot, isoOf, OsDetails } from '@linux-patch/contract';
import { uncertifiable } from '../authority/agent-names.ts';
import type { NameRules } from '../authority/name-rules.ts';
import type { HostRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { judgeJobKey, type OwnJobKey } from '../job-key/host-state.ts';
import { judgeIdentity } from './identity-state.ts';
import type { FleetKnowledge } from './knowledge.ts';

type Known = FleetKnowledge & { readonly nameRules: NameRules; readonly jobKey: OwnJobKey };

function identityOf(row: HostRow, knowledge: Known, nowMs: number): Host['identity'] {
  const newest = knowledge.certificates.get(row.id);
  const report = knowledge.reports.get(row.id);
  const listNumber = knowledge.listNumbers.get(row.id);
  const verdict = judgeIdentity(
    {
      leftAtMs: row.left_at,
      newest: newest && { notAfterMs: newest.not_after, renewAtMs: newest.renew_at },
      reached: { ever: row.last_seen_at !== null, lastError: row.last_error },
      forked: knowledge.forks.get(row.id)?.serial,
      strangeSerial: report?.isServedKnown === false ? (report.servedSerial ?? undefined) : undefined,
      uncertifiable: uncertifiable({ fqdn: row.fqdn, ipAddress: row.ip_address }, knowledge.nameRules),
      agentSays: report?.health.checks?.certificates,
      agentTrouble: report?.health.identity_trouble,
    },
    nowMs,
  );
  return {
    ...verdict,
    days_left: newest ? Math.floor((newest.not_after - nowMs) / DAY_MS) : null,
    trust: report?.health.identity_trust ?? null,
    served_serial: report?.servedSerial ?? null,
    crl_status: report?.health.crl_status ?? null,
    crl_number: listNumber ?? null,
    crl_current: listNumber === undefined ? null : (listNumber ?? 0) >= knowledge.listCompleteSince,
    reported_at: isoOf(report?.atMs),
  };
}

/** What an agent said; a report may also note only which certificate it showed. */
function healthOf(row: HostRow, { reports }: Known) {
  const health = reports.get(row.id)?.health;
  return health?.status === undefined ? undefined : health;
}

function rebootOf({ id }: HostRow, { reboots }: Known): Host['reboot'] {
  const said = reboots.get(id);
  if (!said) return { needed: null, reasons: [], said_at: null };
  const reasons = readStored(HostReboot.unwrap().shape.reasons, said.reasons, []);
  return { needed: said.needed !== 0, reasons, said_at: isoOf(said.at) };
}

function policyOf(row: HostRow, knowledge: Known): Host['policy'] {
  const health = healthOf(row, knowledge);
  const said = health?.checks?.policy ?? 'ok';
  return { allows: health?.allowed_operations ?? null, fault: said === 'ok' ? null : said };
}

/** A host as administrators see it. */
export function viewOf(row: HostRow, knowledge: Known, nowMs: number): Host {
  const newest = knowledge.certificates.get(row.id);
  return {
    id: row.id,
    fqdn: row.fqdn,
    hostname: row.hostname,
    machine_id: row.machine_id,
    ip_address: row.ip_address,
    agent_port: row.agent_port,
    os_details: readStored(OsDetails, row.os_details, {}),
    key_origin: row.key_origin,
    certificate_serial: newest?.serial ?? null,
    certificate_expires_at: isoOf(newest?.not_after),
    created_at: new Date(row.created_at).toISOString(),
    last_seen_at: isoOf(row.last_seen_at),
    last_error: row.last_error,
    left_at: isoOf(row.left_at),
    identity: identityOf(row, knowledge, nowMs),
    reboot: rebootOf(row, knowledge),
    job_key: judgeJobKey(knowledge.jobKey, healthOf(row, knowledge)),
    policy: policyOf(row, knowledge),
    labels: knowledge.labels.get(row.id) ?? {},
    groups: [...(knowledge.groups.get(row.id) ?? [])],
    note: row.note,
  };
}
